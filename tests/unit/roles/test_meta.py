"""Every role says about itself what the collection and its own options say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


def load(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_what_the_collection_and_its_options_say(role: str) -> None:
    galaxy, runtime = load("galaxy.yml"), load("meta/runtime.yml")
    main = load(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]
    assert load(f"roles/{role}/meta/main.yml") == {
        "galaxy_info": {
            "author": ", ".join(galaxy["authors"]),
            "description": main["short_description"],
            "license": ", ".join(galaxy["license"]),
            "min_ansible_version": runtime["requires_ansible"].removeprefix(">="),
        },
        # The playbooks put roles in order; none brings another along.
        "dependencies": [],
    }
