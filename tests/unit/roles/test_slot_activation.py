"""When the target's singletons are switched off after its charts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import PHASES, PHASES_AFTER_CUTOVER

ROLE = Path(__file__).parents[3] / "roles" / "slot_activation"


def stands_by(run: Any) -> bool:
    loader = DataLoader()
    of_role = loader.load_from_file(str(ROLE / "vars" / "main.yml"), trusted_as_template=True)
    variables = {**of_role, "eks_bluegreen_run": run}
    found: bool = Templar(loader, variables=variables).template(of_role["__slot_activation_target_stands_by"])
    return found


@pytest.mark.parametrize("phase", PHASES)
def test_a_run_that_goes_on_does_not_stop_what_it_has_moved(phase: str) -> None:
    assert stands_by({"phase": phase}) is (phase not in PHASES_AFTER_CUTOVER)


def test_without_a_run_the_target_stands_by() -> None:
    assert stands_by(None) is True
    assert stands_by({}) is True
