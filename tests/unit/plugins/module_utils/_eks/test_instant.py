"""A status for what AWS makes at once, and none in the answer."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.instant import with_status, without_status


def test_what_is_there_is_active_in_a_round_only() -> None:
    found = {"arn": "arn:1", "tags": {"a": "b"}}
    described = with_status(found)
    assert described == {"arn": "arn:1", "tags": {"a": "b"}, "status": "ACTIVE"}
    assert found == {"arn": "arn:1", "tags": {"a": "b"}}
    assert without_status("entry", {"changed": True, "entry": described}) == {"changed": True, "entry": found}


def test_what_is_gone_has_no_status_to_take_away() -> None:
    result = {"changed": True, "entry": None, "round": {"finished": True}}
    assert without_status("entry", result) == result
