from __future__ import annotations

from lab.aws.ledger import Ledger
from lab.aws.permissions import Check

CHECK = Check("iam:PassRole", "arn:role", (("iam:PassedToService", "eks.amazonaws.com"),))


def test_equal_checks_are_counted_together() -> None:
    ledger = Ledger()
    ledger.add("operator", CHECK, True)
    ledger.add("operator", CHECK, True)
    ledger.add("operator", Check("a:B"), False)
    passed, denied = ledger.table()[1], ledger.table()[0]
    assert (passed["action"], passed["context"], passed["count"]) == (
        "iam:PassRole",
        {"iam:PassedToService": "eks.amazonaws.com"},
        2,
    )
    assert (denied["action"], denied["allowed"], denied["count"]) == ("a:B", False, 1)
