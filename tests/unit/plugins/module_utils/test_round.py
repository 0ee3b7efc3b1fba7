"""How long a module that works in rounds may be repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import run_module
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import finish
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._round import with_timeout

SPEC = {"wait_timeout": {"type": "int", "default": 900}}


def a_round(_module: Any = None) -> dict[str, Any]:
    return {"changed": True, "round": {"finished": False, "progress": "CREATING"}}


@pytest.mark.parametrize("seconds", [0, 5, 900])
def test_a_round_says_how_long_all_rounds_may_take(seconds: int) -> None:
    result = a_round()
    told = {"finished": False, "progress": "CREATING", "timeout_seconds": seconds}
    assert with_timeout(result, {"wait_timeout": seconds}) == {"changed": True, "round": told}
    assert result == a_round()


def test_what_is_no_round_stays_as_it_is() -> None:
    assert with_timeout({"changed": False}, {}) == {"changed": False}


@pytest.mark.parametrize(
    "main",
    [
        lambda: run_module(SPEC, a_round),
        lambda: finish(AnsibleAWSModule(argument_spec=dict(SPEC)), a_round),
    ],
    ids=["run_module", "finish"],
)
@pytest.mark.parametrize(("given", "seconds"), [({}, 900), ({"wait_timeout": 5}, 5)])
def test_every_way_out_of_a_module_tells_it(
    main: Callable[[], None], given: dict[str, Any], seconds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with patch_module_args(given), pytest.raises(SystemExit):
        main()
    assert json.loads(capsys.readouterr().out)["round"]["timeout_seconds"] == seconds
