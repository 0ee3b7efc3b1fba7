"""The target group of a slot, made after the model of the other's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.target_group import absent, present
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError


class FakeKeeper:
    def keep(self) -> None:
        pass


class FakeApi:
    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.attributes_of: dict[str, dict[str, str]] = {}
        self.tags_of: dict[str, dict[str, str]] = {}
        self.calls: list[str] = []

    def describe(self, name: str) -> dict[str, Any] | None:
        found = self.groups.get(name)
        return None if found is None else dict(found)

    def attributes(self, arn: str) -> dict[str, str]:
        return self.attributes_of.setdefault(arn, {"deregistration_delay.timeout_seconds": "300"})

    def tags(self, arn: str) -> dict[str, str]:
        return self.tags_of.setdefault(arn, {})

    def create(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append("create")
        name = settings["Name"]
        values = {key: value for key, value in settings.items() if key not in ("Name", "Tags")}
        self.groups[name] = {"TargetGroupName": name, "TargetGroupArn": f"arn:{name}", **values}
        self.tags_of[f"arn:{name}"] = {tag["Key"]: tag["Value"] for tag in settings.get("Tags", [])}
        return self.groups[name]

    def modify(self, arn: str, settings: Mapping[str, Any]) -> None:
        self.calls.append("modify")
        self.groups[arn.removeprefix("arn:")].update(settings)

    def set_attributes(self, arn: str, attributes: Mapping[str, str]) -> None:
        self.calls.append("set_attributes")
        self.attributes(arn).update(attributes)

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        self.calls.append("add_tags")
        self.tags(arn).update(tags)

    def delete(self, arn: str) -> None:
        self.calls.append("delete")
        del self.groups[arn.removeprefix("arn:")]


@pytest.fixture
def api() -> FakeApi:
    """An account in which blue's target group stands."""
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


def green(api: FakeApi, *, check_mode: bool = False, like: str | None = "blue", **want: Any) -> dict[str, Any]:
    return present(api, "green", want, {"slot": "green"}, like=like, check_mode=check_mode, keeper=FakeKeeper())


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
    api.tags_of["arn:green"] = {}
    api.calls.clear()

    result = green(api)

    assert api.calls == ["modify", "set_attributes", "add_tags"]
    assert result["diff"]["before"]["health_check_interval"] == 5
    assert result["diff"]["after"]["health_check_interval"] == 9


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


def test_without_a_sibling_the_basics_must_be_given(api: FakeApi) -> None:
    with pytest.raises(BlueGreenError, match="protocol, vpc_id is not known"):
        green(api, like=None, port=80)


def test_it_is_not_deleted_while_in_use(api: FakeApi) -> None:
    with pytest.raises(BlueGreenError, match="blue is still used by arn:lb/arena"):
        absent(api, "blue", check_mode=False, keeper=FakeKeeper())
    api.groups["blue"]["LoadBalancerArns"] = []
    assert absent(api, "blue", check_mode=True, keeper=FakeKeeper())["changed"]
    assert absent(api, "blue", check_mode=False, keeper=FakeKeeper())["changed"]
    assert not absent(api, "blue", check_mode=False, keeper=FakeKeeper())["changed"]
