"""The small rules of the lab's EKS that need neither a server nor a cluster."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from lab.aws.eks import checks
from lab.aws.eks.access import default_username
from lab.aws.eks.addons import check_addon
from lab.aws.eks.errors import InvalidParameterError
from lab.aws.eks.nodegroups import merge_labels, merge_taints
from lab.aws.eks.runtime import DEFAULT_SECONDS, Lifecycle, read_seconds
from lab.aws.eks.updates import LOG_TYPES, logging_of, merge_logging
from lab.world.config import LabError


def test_pages_come_in_order_and_end() -> None:
    names = ["c", "a", "b"]
    page, token = checks.paginate(names, 2, None)
    assert page == ["a", "b"]
    assert token is not None
    assert checks.paginate(names, 2, token) == (["c"], None)
    assert checks.paginate([], None, None) == ([], None)
    page, token = checks.paginate(names, 2, None, newest_first=True)
    assert page == ["c", "b"]
    assert checks.paginate(names, 2, token, newest_first=True) == (["a"], None)


@pytest.mark.parametrize("size", [0, 101])
def test_a_page_has_1_to_100_entries(size: int) -> None:
    with pytest.raises(InvalidParameterError, match="from 1 to 100"):
        checks.paginate([], size, None)


@pytest.mark.parametrize(
    ("scaling", "words"),
    [
        ((0, 0, 0), "maxSize"),
        ((3, 2, 2), "maximum size 2"),
        ((2, 3, 1), "desired size 1"),
        ((1, 2, 3), "max size 2"),
    ],
)
def test_sizes_that_contradict_each_other(scaling: tuple[int, int, int], words: str) -> None:
    least, most, desired = scaling
    with pytest.raises(InvalidParameterError, match=words):
        checks.check_scaling({"minSize": least, "maxSize": most, "desiredSize": desired})


@pytest.mark.parametrize(
    ("current", "wanted"), [("CONFIG_MAP", "API_AND_CONFIG_MAP"), ("API_AND_CONFIG_MAP", "API"), ("API", "API")]
)
def test_the_authentication_mode_may_go_a_step_forward(current: str, wanted: str) -> None:
    checks.check_mode_change(current, wanted)


@pytest.mark.parametrize(("current", "wanted"), [("CONFIG_MAP", "API"), ("API", "API_AND_CONFIG_MAP")])
def test_the_authentication_mode_never_leaps_nor_turns_back(current: str, wanted: str) -> None:
    with pytest.raises(InvalidParameterError, match=f"from {current} to {wanted}"):
        checks.check_mode_change(current, wanted)


@pytest.mark.parametrize(
    ("taints", "words"), [([{"key": "a", "effect": "NoSchedule"}], "NO_SCHEDULE"), ([{"effect": "NO_EXECUTE"}], "key")]
)
def test_taints_that_eks_does_not_know(taints: list[Any], words: str) -> None:
    with pytest.raises(InvalidParameterError, match=words):
        checks.check_taints(taints)


def test_logging_changes_only_what_it_names() -> None:
    some = logging_of({"api"})
    change = {"clusterLogging": [{"types": ["audit"], "enabled": True}, {"types": ["api"], "enabled": False}]}
    assert merge_logging(some, change) == logging_of({"audit"})
    assert merge_logging(some, {}) == some
    assert logging_of(set())["clusterLogging"] == [{"types": LOG_TYPES, "enabled": False}]


def test_labels_and_taints_are_merged_by_key_and_effect() -> None:
    assert merge_labels({"a": "1", "b": "2"}, {"addOrUpdateLabels": {"a": "9"}, "removeLabels": ["b"]}) == {"a": "9"}
    one = {"key": "k", "effect": "NO_SCHEDULE", "value": "1"}
    other = {"key": "k", "effect": "NO_EXECUTE"}
    changed = {**one, "value": "2"}
    assert merge_taints([one, other], {"addOrUpdateTaints": [changed]}) == [other, changed]
    assert merge_taints([one, other], {"removeTaints": [other]}) == [one]


def test_kube_proxy_follows_the_cluster_s_version() -> None:
    assert check_addon("kube-proxy", None, "1.36") == "v1.36.1-eksbuild.1"
    assert check_addon("kube-proxy", "v1.36.0-eksbuild.1", "1.36") == "v1.36.0-eksbuild.1"
    with pytest.raises(InvalidParameterError, match=r"kube-proxy v1\.35\.0-eksbuild\.1, with Kubernetes 1\.36"):
        check_addon("kube-proxy", "v1.35.0-eksbuild.1", "1.36")


@pytest.mark.parametrize(
    ("principal", "username"),
    [
        ("arn:aws:iam::1:user/people/eve", "arn:aws:iam::1:user/people/eve"),
        ("arn:aws:iam::1:role/ci", "arn:aws:sts::1:assumed-role/ci/{{SessionName}}"),
        ("arn:aws:iam::1:role/path/to/ci", "arn:aws:sts::1:assumed-role/ci/{{SessionName}}"),
    ],
)
def test_user_names_of_principals(principal: str, username: str) -> None:
    assert default_username(principal) == username


def test_seconds_come_from_the_environment() -> None:
    assert read_seconds("") == DEFAULT_SECONDS
    assert read_seconds('{"cluster": 20}') == {**DEFAULT_SECONDS, "cluster": 20.0}


@pytest.mark.parametrize(("text", "words"), [("20", "JSON object"), ("{", "JSON object"), ('{"node": 1}', "node")])
def test_seconds_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(LabError, match=words):
        read_seconds(text)


def fail() -> None:
    raise LabError("no")


@pytest.mark.parametrize(("work", "expected"), [(lambda: None, type(None)), (fail, LabError)])
def test_work_is_done_and_its_error_is_handed_on(work: Callable[[], None], expected: type) -> None:
    slept: list[float] = []
    errors: list[Exception | None] = []
    finished = Event()

    def done(error: Exception | None) -> None:
        errors.append(error)
        finished.set()

    Lifecycle({"cluster": 30.0}, sleep=slept.append).start("cluster", "a test", work, done)
    assert finished.wait(5)
    assert isinstance(errors[0], expected)
    assert 29 < slept[0] <= 30
