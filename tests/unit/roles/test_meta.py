"""Every role says about itself what the collection and its own options say."""

from __future__ import annotations

import pytest

from tests.unit.roles.variables import HOLDER, ROLES, ROOT, load, relies_on_holder


def described(role: str) -> str:
    """What a role says of itself where its options are checked; the one without tasks, in its README."""
    if role == HOLDER:
        (sentence,) = (ROOT / "roles" / role / "README.md").read_text().split("\n\n")[1:2]
        return sentence.removesuffix(".")
    specs = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    return str(specs["main"]["short_description"])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_what_the_collection_and_its_options_say(role: str) -> None:
    galaxy, runtime = load(ROOT / "galaxy.yml"), load(ROOT / "meta" / "runtime.yml")
    assert load(ROOT / "roles" / role / "meta" / "main.yml") == {
        "galaxy_info": {
            "author": ", ".join(galaxy["authors"]),
            "description": described(role),
            "license": ", ".join(galaxy["license"]),
            "min_ansible_version": runtime["requires_ansible"].removeprefix(">="),
        },
        # The playbooks put roles in order; none brings another along but the defaults of what it shares with others.
        "dependencies": [{"role": f"gameops.eks_bluegreen.{HOLDER}"}] if relies_on_holder(role) else [],
    }
