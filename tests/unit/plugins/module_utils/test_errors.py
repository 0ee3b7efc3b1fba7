"""The exception that says what is wrong."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError


def test_an_error_has_a_message_and_what_else_the_module_is_to_return() -> None:
    error = BlueGreenError("the run is closed", last={"state": "closed"}, changed=True)
    assert (str(error), error.message) == ("the run is closed", "the run is closed")
    assert error.details == {"last": {"state": "closed"}, "changed": True}
    assert BlueGreenError("no").details == {}
