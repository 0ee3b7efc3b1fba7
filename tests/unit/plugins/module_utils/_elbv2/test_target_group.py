"""The target group of a slot, made after the model of the other's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.target_group import (
    WantedGroup,
    absent,
    ensure_group,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.clock import FakeClock


class FakeKeeper:
    def keep(self) -> None:
        pass


class FakeApi:
    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.attributes_of: dict[str, dict[str, str]] = {}
        self.tags_of: dict[str, dict[str, str]] = {}
        self.targets_of: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[str] = []
        # How often AWS still answers that a listener uses it: in descriptions, then to deletions.
        self.shown_in_use = 0
        self.refused_deletions = 0

    def describe(self, name: str) -> dict[str, Any] | None:
        found = self.groups.get(name)
        if found is None:
            return None
        self.shown_in_use -= 1
        return {**found, "LoadBalancerArns": ["arn:lb/arena"]} if self.shown_in_use >= 0 else dict(found)

    def attributes(self, arn: str) -> dict[str, str]:
        return dict(self.attributes_of.setdefault(arn, {"deregistration_delay.timeout_seconds": "300"}))

    def tags(self, arn: str) -> dict[str, str]:
        return dict(self.tags_of.setdefault(arn, {}))

    def targets(self, arn: str) -> list[dict[str, Any]]:
        return list(self.targets_of.setdefault(arn, []))

    def create(self, settings: Mapping[str, Any]) -> str:
        self.calls.append("create")
        name = settings["Name"]
        values = {key: value for key, value in settings.items() if key not in ("Name", "Tags")}
        self.groups[name] = {"TargetGroupName": name, "TargetGroupArn": f"arn:{name}", **values}
        self.tags_of[f"arn:{name}"] = {tag["Key"]: tag["Value"] for tag in settings.get("Tags", [])}
        return f"arn:{name}"

    def modify(self, arn: str, settings: Mapping[str, Any]) -> None:
        self.calls.append("modify")
        self.groups[arn.removeprefix("arn:")].update(settings)

    def set_attributes(self, arn: str, attributes: Mapping[str, str]) -> None:
        self.calls.append("set_attributes")
        self.attributes_of[arn] = {**self.attributes(arn), **attributes}

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        self.calls.append("add_tags")
        self.tags_of[arn] = {**self.tags(arn), **tags}

    def remove_tags(self, arn: str, keys: Sequence[str]) -> None:
        self.calls.append("remove_tags")
        for key in keys:
            del self.tags_of[arn][key]

    def register(self, arn: str, targets: Sequence[dict[str, Any]]) -> None:
        self.calls.append("register")
        self.targets_of.setdefault(arn, []).extend({"Port": 8080, **target} for target in targets)

    def deregister(self, arn: str, targets: Sequence[dict[str, Any]]) -> None:
        self.calls.append("deregister")
        self.targets_of[arn] = [one for one in self.targets_of[arn] if one not in targets]

    def delete(self, arn: str) -> bool:
        self.calls.append("delete")
        if self.refused_deletions:
            self.refused_deletions -= 1
            return False
        del self.groups[arn.removeprefix("arn:")]
        return True


@pytest.fixture
def api() -> FakeApi:
    """An account that has blue's target group."""
    api = FakeApi()
    api.groups["blue"] = {
        "TargetGroupName": "blue",
        "TargetGroupArn": "arn:blue",
        "Protocol": "HTTP",
        "Port": 8080,
        "VpcId": "vpc-1",
        "TargetType": "ip",
        "HealthCheckPath": "/healthz",
        "HealthCheckIntervalSeconds": 5,
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": ["arn:lb/arena"],
    }
    api.attributes_of["arn:blue"] = {"deregistration_delay.timeout_seconds": "10"}
    return api


SLOT_TAG = {"slot": "green"}


def green(api: FakeApi, *, check_mode: bool = False, like: str | None = "blue", **more: Any) -> dict[str, Any]:
    parts = {part: more.pop(part) for part in ("attributes", "purge_tags", "targets", "purge_targets") if part in more}
    want = WantedGroup("green", more, like=like, tags=more.pop("tags", SLOT_TAG), **parts)
    return ensure_group(api, want, check_mode=check_mode, keeper=FakeKeeper())


def test_it_is_made_like_its_sibling(api: FakeApi) -> None:
    result = green(api)

    assert result["changed"]
    assert result["target_group_arn"] == "arn:green"
    copied = {**api.groups["blue"], "TargetGroupName": "green", "TargetGroupArn": "arn:green"}
    del copied["LoadBalancerArns"]
    assert api.groups["green"] == copied
    assert api.attributes_of["arn:green"]["deregistration_delay.timeout_seconds"] == "10"
    assert api.tags_of["arn:green"] == {"slot": "green"}


def test_a_second_time_changes_nothing(api: FakeApi) -> None:
    green(api)
    api.calls.clear()

    assert not green(api)["changed"]
    assert api.calls == []


def test_an_option_beats_the_sibling(api: FakeApi) -> None:
    green(api, health_check_path="/ready")

    assert api.groups["green"]["HealthCheckPath"] == "/ready"


def test_drift_converges(api: FakeApi) -> None:
    green(api)
    api.groups["blue"]["HealthCheckIntervalSeconds"] = 9
    api.attributes_of["arn:blue"]["deregistration_delay.timeout_seconds"] = "20"
    api.tags_of["arn:green"] = {"by": "others"}
    api.calls.clear()

    predicted = green(api, check_mode=True)
    assert api.calls == []
    result = green(api)

    assert api.calls == ["modify", "set_attributes", "add_tags"]
    assert result["diff"]["before"]["health_check_interval"] == 5
    assert result["diff"]["after"]["health_check_interval"] == 9
    tags = {key: value for key, value in result["diff"]["after"].items() if key.startswith("tags.")}
    assert tags == {"tags.by": "others", "tags.slot": "green"}
    assert predicted == result


def test_check_mode_predicts(api: FakeApi) -> None:
    result = green(api, check_mode=True)

    assert result["changed"]
    assert result["target_group_arn"] == ""
    assert result["target_group"]["health_check_path"] == "/healthz"
    assert api.calls == []


def test_another_port_is_refused(api: FakeApi) -> None:
    green(api)
    with pytest.raises(BlueGreenError, match="port is 8080, wanted 9090"):
        green(api, port=9090)


def test_attributes_and_yaml_booleans(api: FakeApi) -> None:
    wanted = {"stickiness.enabled": True, "slow_start.duration_seconds": 30}
    result = green(api, attributes=wanted)

    assert result["target_group"]["attributes"] == {
        "deregistration_delay.timeout_seconds": "10",
        "stickiness.enabled": "true",
        "slow_start.duration_seconds": "30",
    }
    assert not green(api, attributes=wanted)["changed"]


@pytest.mark.parametrize(("codes", "sent"), [("200-299", {"HttpCode": "200-299"}), ("0", {"GrpcCode": "0"})])
def test_matchers_of_http_and_grpc(api: FakeApi, codes: str, sent: dict[str, str]) -> None:
    green(api, matcher=codes)

    assert api.groups["green"]["Matcher"] == sent
    assert not green(api, matcher=codes)["changed"]


def test_tags_are_purged_only_if_asked_and_never_aws_own(api: FakeApi) -> None:
    green(api)
    api.tags_of["arn:green"] |= {"by": "others", "aws:cloudformation:stack-name": "x"}
    api.calls.clear()

    assert not green(api)["changed"]
    result = green(api, purge_tags=True)

    assert api.calls == ["remove_tags"]
    assert result["target_group"]["tags"] == {"slot": "green", "aws:cloudformation:stack-name": "x"}


def test_targets_are_touched_only_if_asked(api: FakeApi) -> None:
    green(api, targets=[{"Id": "10.0.0.1"}])
    assert api.targets_of["arn:green"] == [{"Id": "10.0.0.1", "Port": 8080}]
    api.calls.clear()

    assert not green(api)["changed"]
    assert not green(api, targets=[{"Id": "10.0.0.1"}])["changed"]
    assert green(api, targets=[{"Id": "10.0.0.2", "Port": 9}])["changed"]
    assert api.calls == ["register"]

    result = green(api, targets=[{"Id": "10.0.0.2", "Port": 9}], purge_targets=True)
    assert api.calls == ["register", "deregister"]
    before, after = (
        [key for key in result["diff"][side] if key.startswith("targets.")] for side in ("before", "after")
    )
    assert (before, after) == (["targets.10.0.0.1:8080", "targets.10.0.0.2:9"], ["targets.10.0.0.2:9"])


@pytest.mark.parametrize(
    ("want", "message"),
    [
        ({"health_check_interval": 4}, "health_check_interval is 4; use a whole number from 5 to 300"),
        ({"health_check_timeout": 121}, "health_check_timeout is 121; .* from 2 to 120"),
        ({"healthy_threshold": 1}, "healthy_threshold is 1; .* from 2 to 10"),
        ({"unhealthy_threshold": 11}, "unhealthy_threshold is 11"),
        ({"port": 65536}, "port is 65536"),
        ({"matcher": "ok"}, "matcher is 'ok'; use codes like"),
    ],
)
def test_values_that_aws_would_refuse(api: FakeApi, want: dict[str, Any], message: str) -> None:
    with pytest.raises(BlueGreenError, match=message):
        green(api, **want)
    assert api.calls == []


@pytest.mark.parametrize("name", ["a" * 33, "-a", "a-", "a_b", "", "internal-a"])
def test_names_that_aws_would_refuse(api: FakeApi, name: str) -> None:
    with pytest.raises(BlueGreenError, match="name is "):
        ensure_group(api, WantedGroup(name, {}, like="blue"), check_mode=False, keeper=FakeKeeper())
    assert api.calls == []


def test_a_function_needs_neither_port_nor_vpc(api: FakeApi) -> None:
    assert green(api, like=None, target_type="lambda", health_check_enabled=True)["changed"]


def test_without_a_sibling_the_basics_must_be_given(api: FakeApi) -> None:
    with pytest.raises(BlueGreenError, match="protocol, vpc_id is not known"):
        green(api, like=None, port=80)


def test_a_sibling_that_does_not_exist_is_not_overlooked(api: FakeApi) -> None:
    basics: dict[str, Any] = {"protocol": "HTTP", "port": 80, "vpc_id": "vpc-1"}
    with pytest.raises(BlueGreenError, match="like is bleu, which does not exist"):
        green(api, like="bleu", **basics)
    assert api.calls == []

    warning = ["like: target group bleu does not exist, so nothing is taken over from it"]
    assert green(api, like="bleu", check_mode=True, **basics)["warnings"] == warning
    assert green(api, like=None, **basics)["warnings"] == []
    assert green(api, like="bleu", **basics)["warnings"] == warning


def remove_blue(api: FakeApi, clock: FakeClock, *, check_mode: bool = False) -> dict[str, Any]:
    return absent(api, "blue", check_mode=check_mode, keeper=FakeKeeper(), clock=clock)


def test_it_is_not_deleted_while_in_use(api: FakeApi) -> None:
    clock = FakeClock()
    with pytest.raises(BlueGreenError, match="blue is still used by arn:lb/arena"):
        remove_blue(api, clock)
    assert api.calls == []
    assert 20 < clock.seconds <= 30


def test_its_end(api: FakeApi) -> None:
    api.groups["blue"]["LoadBalancerArns"] = []
    clock = FakeClock()
    assert [remove_blue(api, clock)["changed"] for _time in range(2)] == [True, False]
    assert clock.seconds == 0


def test_check_mode_predicts_its_end_while_it_is_in_use_without_waiting(api: FakeApi) -> None:
    clock = FakeClock()
    assert remove_blue(api, clock, check_mode=True)["changed"]
    assert (api.calls, clock.seconds) == ([], 0)


@pytest.mark.parametrize(("shown", "refused"), [(3, 0), (0, 3), (2, 2)])
def test_a_detach_that_aws_sees_late_is_waited_for(api: FakeApi, shown: int, refused: int) -> None:
    api.groups["blue"]["LoadBalancerArns"] = []
    api.shown_in_use, api.refused_deletions = shown, refused
    clock = FakeClock()

    assert remove_blue(api, clock)["changed"]

    assert api.groups == {}
    assert 0 < clock.seconds <= 30


def test_what_only_the_deletion_tells_is_refused_too(api: FakeApi) -> None:
    api.groups["blue"]["LoadBalancerArns"] = []
    api.refused_deletions = 1000
    with pytest.raises(BlueGreenError, match="blue is still used by a listener or rule: take it out"):
        remove_blue(api, FakeClock())


def test_what_somebody_else_deletes_meanwhile_is_gone(api: FakeApi) -> None:
    class OthersClock(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            api.groups.clear()

    assert remove_blue(api, OthersClock())["changed"]
    assert api.calls == []
