"""What a playbook of a run says when it has failed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.filter.failure_text import FilterModule, failure_text

NEVER_OPENED = "no run was opened and nothing has changed: correct this and start the same command again"
WAYS_OUT = "go back with the playbook rollback, end the run with the playbook abandon"
GO_ON = "see how things stand with the playbook status, go on with the same command, "
BACK = "everything was taken back to blue and the run is closed: correct the cause, then start the upgrade again"


@pytest.mark.parametrize(
    ("known", "standing"),
    [
        ({}, NEVER_OPENED),
        ({"run": None}, NEVER_OPENED),
        ({"run": {}}, NEVER_OPENED),
        # Another run may be open: the ways out of it are told.
        ({"run_is_known": False}, f"phase before provision; {GO_ON}{WAYS_OUT}"),
        ({"run": {"run_id": "1"}}, f"phase before provision; {GO_ON}{WAYS_OUT}"),
        ({"run": {"run_id": "1", "phase": ""}}, f"phase before provision; {GO_ON}{WAYS_OUT}"),
        ({"run": {"run_id": "1", "phase": "drain"}}, f"phase drain; {GO_ON}{WAYS_OUT}"),
        ({"run": {"phase": "drain"}, "ways_out": "pause it"}, f"phase drain; {GO_ON}pause it"),
        ({"run": {"phase": "bake"}, "taken_back_to": "blue"}, BACK),
        ({"run": {"phase": "bake"}, "taken_back_to": ""}, f"phase bake; {GO_ON}{WAYS_OUT}"),
    ],
)
def test_how_things_stand(known: dict[str, Any], standing: str) -> None:
    assert failure_text("no seats", "Preflight", **known) == f"Preflight: no seats [{standing}]"


def test_it_is_offered() -> None:
    assert FilterModule().filters() == {"failure_text": failure_text}
