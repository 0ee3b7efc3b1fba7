"""When the players of a handoff leave, the server that they were told of is there, and has not been asked to go.

From the request to the closing some time passes, in which a rollback may let unused successors go: not this one.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import Closed


def judge(seen: Closed) -> None:
    assert seen.successor != "gone", f"{seen.server}: handed over to a server that is gone"
    assert seen.successor != "asked to go", f"{seen.server}: handed over to a server that was asked to go"
