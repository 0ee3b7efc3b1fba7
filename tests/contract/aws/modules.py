"""Runs a module of the collection in this process, against a world, the way its action plugin would."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import SystemClock
from ansible_collections.gameops.eks_bluegreen.plugins.plugin_utils._rounds import repeat_rounds

MODULES = "ansible_collections.gameops.eks_bluegreen.plugins.modules"
Result = dict[str, Any]
Play = Callable[..., Result]


def play(name: str, /, *, check_mode: bool = False, **options: Any) -> Result:
    """What the module `name` returns once its last round is over, failed or not; by default it has a minute."""
    module = importlib.import_module(f"{MODULES}.{name}")
    if "wait_timeout" in module.ARGUMENT_SPEC:
        options.setdefault("wait_timeout", 60)
    return repeat_rounds(
        lambda: _one_round(module, options, check_mode),
        check_mode=check_mode,
        clock=SystemClock(),
        show=lambda _text: None,
    )


def succeed(name: str, /, **options: Any) -> Result:
    """What the module returns, after checking that it did not fail."""
    result = play(name, **options)
    assert not result.get("failed"), result["msg"]
    return result


def twice(name: str, /, **options: Any) -> Result:
    """What the module returns, once check mode has predicted that it changes and a second run has not."""
    predicted = play(name, check_mode=True, **options)
    assert not predicted.get("failed"), predicted.get("msg")
    result = succeed(name, **options)
    again = succeed(name, **options)
    assert (predicted["changed"], result["changed"], again["changed"]) == (True, True, False)
    assert predicted["diff"]["before"] == result["diff"]["before"]
    # What AWS fills in cannot be foreseen.
    foreseen, came = predicted["diff"]["after"], result["diff"]["after"]
    assert {key: came.get(key) for key in foreseen} == foreseen
    return result


def refusal(name: str, /, **options: Any) -> str:
    """Why the module fails, in check mode as without it."""
    said = []
    for check_mode in (True, False):
        result = play(name, check_mode=check_mode, **options)
        assert result.get("failed"), result
        assert not result.get("changed")
        said.append(str(result["msg"]))
    assert said[0] == said[1]
    return said[0]


def _one_round(module: ModuleType, options: dict[str, Any], check_mode: bool) -> Result:
    arguments = {**options, "_ansible_check_mode": check_mode, "_ansible_diff": True}
    said = io.StringIO()
    with patch_module_args(arguments), contextlib.redirect_stdout(said), pytest.raises(SystemExit):
        module.main()
    result: Result = json.loads(said.getvalue())
    return result
