"""How an Agones module begins and leaves, and which run it writes for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones import modules
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.modules import run_id_of, run_module
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError


class Left(Exception):
    """A module leaves with this answer."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__()
        self.answer = answer


class FakeModule:
    """An AnsibleModule that keeps its specification, and leaves by an exception."""

    made: dict[str, Any]
    params: dict[str, Any] = {}

    def __init__(self, **made: Any) -> None:
        FakeModule.made = made

    def exit_json(self, **answer: Any) -> None:
        raise Left(answer)

    def fail_json(self, **answer: Any) -> None:
        raise Left({"failed": True, **answer})


def answer_of(run: Any, monkeypatch: pytest.MonkeyPatch, **more: Any) -> dict[str, Any]:
    monkeypatch.setattr(modules, "AnsibleModule", FakeModule)
    with pytest.raises(Left) as left:
        run_module({"kubeconfig": {"type": "path"}}, run, **more)
    answer: dict[str, Any] = left.value.answer
    return answer


def test_a_module_returns_what_its_work_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer_of(lambda _module: {"changed": True, "x": 1}, monkeypatch) == {"changed": True, "x": 1}
    assert FakeModule.made == {"argument_spec": {"kubeconfig": {"type": "path"}}, "supports_check_mode": True}


def test_rules_between_options_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [["canary", True, ["run_id"]]]
    answer_of(lambda _module: {}, monkeypatch, supports_check_mode=False, required_if=rules)
    assert (FakeModule.made["supports_check_mode"], FakeModule.made["required_if"]) == (False, rules)


def test_an_error_of_our_own_is_the_answer_with_its_details(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_module: Any) -> dict[str, Any]:
        raise BlueGreenError("no Fleet arena/b", problems=["a"])

    assert answer_of(run, monkeypatch) == {"failed": True, "msg": "no Fleet arena/b", "problems": ["a"]}


def test_without_the_kubernetes_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modules, "IMPORT_ERROR", "Traceback: no module named kubernetes")
    answer = answer_of(lambda _module: pytest.fail("nothing can be asked"), monkeypatch)
    assert "kubernetes" in answer["msg"]
    assert answer["exception"] == "Traceback: no module named kubernetes"


LEASE = {"run_id": "run-1"}


@pytest.mark.parametrize(
    ("options", "run_id"),
    [
        ({"run_id": "run-2", "lease": LEASE}, "run-2"),
        ({"run_id": None, "lease": LEASE}, "run-1"),
        ({"run_id": "", "lease": LEASE}, "run-1"),
        ({"run_id": "run-2", "lease": None}, "run-2"),
    ],
)
def test_the_option_comes_before_the_lease(options: dict[str, Any], run_id: str) -> None:
    assert run_id_of(options) == run_id


@pytest.mark.parametrize("lease", [None, {}])
def test_a_task_of_no_run_is_refused(lease: Any) -> None:
    with pytest.raises(BlueGreenError, match="set the option run_id, or lease"):
        run_id_of({"run_id": None, "lease": lease})
