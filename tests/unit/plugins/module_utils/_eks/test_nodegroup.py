"""Node groups: what counts as a difference, and the bodies of their updates."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.nodegroup import (
    NODEGROUP_FIELDS,
    Nodegroup,
    check_nodegroup_values,
    nodegroup_update,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import WantedResource, present_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import differences, refuse_fixed, request

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._eks.fakes import FakeKeeper, FakeResource

SLOW = {"key": "slow", "value": "yes", "effect": "NO_SCHEDULE"}
NEW = {"key": "new", "effect": "NO_EXECUTE"}
HAVE: dict[str, Any] = {
    "version": "1.36",
    "releaseVersion": "1.36.1-20261101",
    "amiType": "AL2023_x86_64_STANDARD",
    "instanceTypes": ["c7i.2xlarge", "c6i.2xlarge"],
    "launchTemplate": {"id": "lt-1", "name": "game", "version": "3"},
    "scalingConfig": {"minSize": 3, "maxSize": 6, "desiredSize": 4},
    "labels": {"role": "game", "old": "x"},
    "taints": [SLOW],
    "updateConfig": {"maxUnavailable": 1, "updateStrategy": "DEFAULT"},
    "nodeRepairConfig": {"enabled": True, "maxParallelNodesRepairedCount": 1},
}
NOTHING = dict.fromkeys(field.option for field in NODEGROUP_FIELDS)


@pytest.mark.parametrize(
    ("want", "expected"),
    [
        pytest.param({"min_size": 3, "labels": {"role": "game", "old": "x"}, "taints": [SLOW]}, {}, id="nothing"),
        pytest.param(
            {"max_size": 8}, {"scalingConfig": {"minSize": 3, "maxSize": 8}}, id="the number of nodes is not sent"
        ),
        pytest.param({"min_size": 1, "max_size": 4}, {"scalingConfig": {"minSize": 1, "maxSize": 4}}, id="nor lowered"),
        pytest.param(
            {"min_size": 5}, {"scalingConfig": {"minSize": 5, "maxSize": 6, "desiredSize": 5}}, id="but raised"
        ),
        pytest.param({"desired_size": 9}, {}, id="the number of nodes is the autoscaler's"),
        pytest.param(
            {"labels": {"role": "web", "new": "y"}},
            {"labels": {"addOrUpdateLabels": {"role": "web", "new": "y"}, "removeLabels": ["old"]}},
            id="labels, changed values too",
        ),
        pytest.param(
            {"taints": [{"effect": "NO_SCHEDULE", "value": "yes", "key": "slow"}]}, {}, id="taints in another order"
        ),
        pytest.param({"taints": []}, {"taints": {"addOrUpdateTaints": [], "removeTaints": [SLOW]}}, id="no taints"),
        pytest.param(
            {"taints": [{**SLOW, "value": "no"}, {**NEW, "value": None}]},
            {"taints": {"addOrUpdateTaints": [{**SLOW, "value": "no"}, NEW], "removeTaints": []}},
            id="another value of a taint, and a new one",
        ),
        pytest.param(
            {"taints": [{**SLOW, "effect": "NO_EXECUTE"}]},
            {"taints": {"addOrUpdateTaints": [{**SLOW, "effect": "NO_EXECUTE"}], "removeTaints": [SLOW]}},
            id="another effect is another taint",
        ),
        pytest.param(
            {"max_unavailable_percentage": 20},
            {"updateConfig": {"maxUnavailablePercentage": 20, "updateStrategy": "DEFAULT"}},
            id="percentage in the place of a number",
        ),
        pytest.param(
            {"update_strategy": "MINIMAL"},
            {"updateConfig": {"maxUnavailable": 1, "updateStrategy": "MINIMAL"}},
            id="strategy",
        ),
        pytest.param(
            {"node_repair": {"enabled": False, "max_parallel_nodes_repaired_count": None}},
            {"nodeRepairConfig": {"enabled": False, "maxParallelNodesRepairedCount": 1}},
            id="node repair keeps what is not named",
        ),
        pytest.param(
            {"node_repair": {"max_parallel_nodes_repaired_percentage": 5}},
            {"nodeRepairConfig": {"enabled": True, "maxParallelNodesRepairedPercentage": 5}},
            id="node repair by the other unit",
        ),
        pytest.param({"node_repair": {"enabled": True}}, {}, id="node repair as it is"),
        pytest.param(
            {"warm_pool": {"enabled": True, "min_size": 2, "pool_state": "STOPPED"}},
            {"warmPoolConfig": {"enabled": True, "minSize": 2, "poolState": "STOPPED"}},
            id="warm pool",
        ),
        pytest.param(
            {"warm_pool": {"enabled": False, "reuse_on_scale_in": False, "min_size": 0}},
            {},
            id="warm pool: absent is off",
        ),
        pytest.param(
            {"warm_pool": {"max_group_prepared_capacity": 0}},
            {"warmPoolConfig": {"maxGroupPreparedCapacity": 0}},
            id="warm pool: absent is no limit",
        ),
    ],
)
def test_update(want: dict[str, Any], expected: dict[str, Any]) -> None:
    changes = differences(NODEGROUP_FIELDS, want, HAVE)

    assert nodegroup_update(changes, HAVE) == expected
    after = Nodegroup(None, "arena", "game").changed(HAVE, changes)
    assert differences(NODEGROUP_FIELDS, want, after) == []
    configs = {key: value for key, value in expected.items() if key.endswith("Config")}
    if "scalingConfig" in configs:
        configs["scalingConfig"] = {**HAVE["scalingConfig"], **configs["scalingConfig"]}
    assert {key: after[key] for key in configs} == configs


@pytest.mark.parametrize("config", [None, {}, {"enabled": False}])
def test_node_repair_that_is_absent_is_off(config: dict[str, Any] | None) -> None:
    assert (
        differences(NODEGROUP_FIELDS, {"node_repair": {"enabled": False}}, {**HAVE, "nodeRepairConfig": config}) == []
    )


@pytest.mark.parametrize(
    ("want", "words"),
    [
        ({"kubernetes_version": "1.35"}, "kubernetes_version is '1.36', wanted '1.35'"),
        ({"release_version": "1.36.1-20261201"}, "release_version is '1.36.1-20261101', wanted"),
        ({"ami_type": "BOTTLEROCKET_x86_64"}, "ami_type is 'AL2023_x86_64_STANDARD', wanted 'BOTTLEROCKET_x86_64'"),
        ({"capacity_type": "SPOT"}, "capacity_type is None, wanted 'SPOT'"),
        ({"instance_types": ["c6i.2xlarge", "c7i.2xlarge"]}, "instance_types is "),
        ({"launch_template": {"id": None, "name": "game", "version": "4"}}, "launch_template is "),
    ],
)
def test_what_would_replace_nodes_is_refused(want: dict[str, Any], words: str) -> None:
    with pytest.raises(BlueGreenError) as refused:
        refuse_fixed("node group arena/game", NODEGROUP_FIELDS, want, HAVE)
    assert words in refused.value.message


@pytest.mark.parametrize(
    "want",
    [
        {"capacity_type": "ON_DEMAND"},
        {"launch_template": {"id": None, "name": "game", "version": None}},
        {"launch_template": {"id": "lt-1", "name": None, "version": "3"}},
        {"instance_types": ["c7i.2xlarge", "c6i.2xlarge"]},
    ],
)
def test_what_is_the_same(want: dict[str, Any]) -> None:
    refuse_fixed("node group arena/game", NODEGROUP_FIELDS, want, HAVE)


class FakeNodegroup(FakeResource, Nodegroup):
    fields = NODEGROUP_FIELDS
    needed = Nodegroup.needed


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("wait", [True, False])
def test_a_limit_below_the_nodes_that_there_are_is_refused(check_mode: bool, wait: bool) -> None:
    group = FakeNodegroup(FakeClock()).exists(scalingConfig={"minSize": 3, "maxSize": 20, "desiredSize": 12})
    want = WantedResource({"max_size": 4}, tags={"a": "b"}, wait=wait)

    with pytest.raises(
        BlueGreenError, match=r"arena/game has a desired size of 12, above the wanted max_size 4: .* drain"
    ):
        present_round(group, want, check_mode=check_mode, clock=group.clock, keeper=FakeKeeper())
    assert group.calls == []


def test_a_limit_that_the_nodes_fill_is_taken() -> None:
    group = FakeNodegroup(FakeClock()).exists(scalingConfig={"minSize": 3, "maxSize": 20, "desiredSize": 12})

    result = present_round(
        group, WantedResource({"max_size": 12}), check_mode=True, clock=group.clock, keeper=FakeKeeper()
    )
    assert result["resource"]["scalingConfig"] == {"minSize": 3, "maxSize": 12, "desiredSize": 12}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"min_size": 9}, "would have min_size 9 above max_size 6: give both"),
        ({"max_size": 2}, "would have min_size 3 above max_size 2: give both"),
        ({"min_size": 9, "max_size": 12}, ""),
        ({"min_size": 6}, ""),
        ({}, ""),
    ],
)
def test_limits_fit_those_that_are_there(values: dict[str, Any], words: str) -> None:
    assert Nodegroup(None, "arena", "game").hindrance(values, HAVE) == words


def test_its_name() -> None:
    assert Nodegroup(None, "arena", "game").identity() == {"clusterName": "arena", "nodegroupName": "game"}


def test_a_creation_holds_only_what_was_given() -> None:
    override = {
        "node_monitoring_condition": "AcceleratedHardwareReady",
        "node_unhealthy_reason": "XID",
        "min_repair_wait_time_mins": 5,
        "repair_action": "Reboot",
    }
    want = {
        "launch_template": {"id": "lt-1", "name": None, "version": "3"},
        "taints": [{"key": "a", "value": None, "effect": "NO_SCHEDULE"}],
        "node_repair": {
            "enabled": True,
            "max_unhealthy_node_threshold_count": None,
            "node_repair_config_overrides": [override],
        },
        "max_unavailable": 2,
    }
    assert request(NODEGROUP_FIELDS, want) == {
        "launchTemplate": {"id": "lt-1", "version": "3"},
        "taints": [{"key": "a", "effect": "NO_SCHEDULE"}],
        "nodeRepairConfig": {
            "enabled": True,
            "nodeRepairConfigOverrides": [
                {
                    "nodeMonitoringCondition": "AcceleratedHardwareReady",
                    "nodeUnhealthyReason": "XID",
                    "minRepairWaitTimeMins": 5,
                    "repairAction": "Reboot",
                }
            ],
        },
        "updateConfig": {"maxUnavailable": 2},
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"min_size": 4, "desired_size": 3, "max_size": 6}, "min_size 4 is above desired_size 3"),
        ({"desired_size": 7, "max_size": 6}, "desired_size 7 is above max_size 6"),
        ({"min_size": 7, "max_size": 6}, "min_size 7 is above max_size 6"),
        (
            {"launch_template": {"id": "lt-1", "version": "$Latest"}},
            "launch_template.version '$Latest' is not a number",
        ),
        ({"launch_template": {"id": "lt-1"}, "disk_size": 50}, "disk_size belongs in the launch template"),
    ],
)
def test_nonsense(values: dict[str, Any], words: str) -> None:
    with pytest.raises(BlueGreenError) as refused:
        check_nodegroup_values("arena/game", {**NOTHING, **values})
    assert refused.value.message.startswith("node group arena/game has options that cannot be right: ")
    assert words in refused.value.message


def test_sense() -> None:
    sizes = {"min_size": 0, "desired_size": 0, "max_size": 6}
    check_nodegroup_values("arena/game", {**NOTHING, **sizes, "launch_template": {"id": "lt-1", "version": "3"}})
    check_nodegroup_values("arena/game", NOTHING)
