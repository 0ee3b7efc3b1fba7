"""The health of one target, from the outcomes of its checks. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass

from lab.alb.model import HealthCheck


@dataclass
class TargetHealth:
    """One passed check makes a new target healthy; after that the thresholds of its group count."""

    check: HealthCheck
    state: str = "initial"
    reason: str = "Elb.InitialHealthChecking"
    _passed: int = 0
    _failed: int = 0

    def observe(self, failure: str) -> bool:
        """Take in the outcome of a check, "" for passed; True if the state has changed."""
        before = self.state
        if failure:
            self._passed, self._failed = 0, self._failed + 1
            if self._failed >= self.check.unhealthy_threshold:
                self.state, self.reason = "unhealthy", failure
        else:
            self._passed, self._failed = self._passed + 1, 0
            if self.state == "initial" or self._passed >= self.check.healthy_threshold:
                self.state, self.reason = "healthy", ""
        return self.state != before


def judge(check: HealthCheck, status: int) -> str:
    """Why a target with this HTTP status fails its check; "" if it passes."""
    passed = any(low <= status <= high for low, high in check.codes)
    return "" if passed else "Target.ResponseCodeMismatch"
