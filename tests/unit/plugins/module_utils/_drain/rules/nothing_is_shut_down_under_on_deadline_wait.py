"""Unless the policy interrupts at the deadline, the drain shuts no server down and deletes no pod, however late it is.

With `on_deadline: wait`, a session that does not go keeps the drain waiting, and a person decides.
"""

from __future__ import annotations

from tests.unit.plugins.module_utils._drain.histories.seen import PodDeleted, ShutDown


def judge(seen: ShutDown | PodDeleted) -> None:
    what = "shut down" if isinstance(seen, ShutDown) else "its pod was deleted"
    assert seen.policy.interrupt_at_deadline, f"{seen.server}: {what} under on_deadline wait"
