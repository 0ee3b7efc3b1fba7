"""Rollbacks to which AWS refuses something: all that does not need it goes back, and the rest once it is granted."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.world.users import OPERATOR
from tests.scenarios.stage import Stage, other
from tests.scenarios.test_faults import MOVES, kubeconfig
from tests.theatre import is_all_on

PARTIES = 12
REQUESTS, DESTINATION, FENCE, SIGNALS, SINGLETONS = "requests", "destination", "fence", "signals", "singletons"
ALL = {REQUESTS, DESTINATION, FENCE, SIGNALS, SINGLETONS}
IN_THE_SOURCE = {FENCE, SIGNALS, SINGLETONS}
CLUSTER = "arn:aws:eks:*:*:cluster/arena-{}"
RECORD = "arn:aws:s3:::arena-eks-bluegreen/eks-bluegreen/arena/run.json"
RIGHTS_OF_MATCHMAKERS = ("auth", "can-i", "--list", "--as", "any", "--as-group", "arena-matchmakers")


@pytest.mark.parametrize(
    ("action", "resource", "missing"),
    [
        ("elasticloadbalancing:DescribeLoadBalancers", "*", {REQUESTS}),
        ("elasticloadbalancing:DescribeTargetGroups", "*", {REQUESTS}),
        ("elasticloadbalancing:DescribeTargetHealth", "*", set()),
        ("elasticloadbalancing:ModifyListener", "*", {REQUESTS}),
        ("elasticloadbalancing:ModifyRule", "*", {REQUESTS}),
        ("ssm:GetParameter", "*", {DESTINATION}),
        ("ssm:PutParameter", "*", {DESTINATION}),
        ("eks:DescribeCluster", CLUSTER.format("blue"), IN_THE_SOURCE),
        ("s3:GetObject", RECORD, ALL),
        ("s3:PutObject", RECORD, ALL),
    ],
)
def test_what_aws_refuses_keeps_nothing_else_from_going_back(
    stage: Stage, action: str, resource: str, missing: set[str]
) -> None:
    source = in_mid_drain(stage)
    with refused(stage, action, resource):
        first = stage.theatre.start("rollback").finish(timeout=300)
    assert back_on(stage, source) == ALL - missing, first.output[-5000:]
    assert (first.code != 0) == bool(missing), first.output[-5000:]
    assert not missing or action in first.output
    again = stage.theatre.start("rollback").finish(timeout=300)
    assert again.code == 0, again.output[-5000:]
    assert back_on(stage, source) == ALL
    assert stage.theatre.record()["state"] == "closed"


def test_a_target_that_cannot_be_read_may_be_dead(stage: Stage) -> None:
    source = in_mid_drain(stage)
    with refused(stage, "eks:DescribeCluster", CLUSTER.format(other(source))):
        played = stage.theatre.start("rollback").finish(timeout=300)
    assert played.code == 0, played.output[-5000:]
    assert back_on(stage, source) == ALL - {SINGLETONS}
    assert [replicas(stage, slot) for slot in (source, other(source))] == ["1", "1"]
    assert f"WARNING: singletons of {other(source)} may still run" in " ".join(played.output.split())


def test_a_record_that_cannot_be_read_is_not_taken_for_none(stage: Stage) -> None:
    in_mid_drain(stage)
    with refused(stage, "s3:GetObject", RECORD):
        runs = [stage.theatre.start(playbook).finish(timeout=60) for playbook in ("upgrade", "reclaim", "abandon")]
    for run in runs:
        assert run.code != 0
        assert "s3:GetObject" in run.output
    assert stage.theatre.record()["state"] == "open"


def test_without_the_bucket_a_person_goes_back(stage: Stage) -> None:
    source = in_mid_drain(stage)
    variables = {"home": source, "kubeconfig": kubeconfig(stage, source)}
    with refused(stage, "s3:*", "*"):
        played = stage.theatre.start("../tests/scenarios/by_hand", "-e", json.dumps(variables)).finish(timeout=60)
    assert played.code == 0, played.output[-5000:]
    assert back_on(stage, source) == {FENCE, DESTINATION, REQUESTS}


def in_mid_drain(stage: Stage) -> str:
    """An upgrade whose runner died while it emptied the source; which slot that is. What was asked stays asked."""
    stage.conduct(match_seconds=0, deaf_share=1.0)
    stage.crowd(PARTIES)
    move = stage.begin(**MOVES)
    source = move.source
    asked = functools.partial(stage.theatre.draining, stage.cluster(source))
    stage.theatre.wait("some are asked to leave", lambda: asked() > 0, move.run)
    move.run.kill()
    assert back_on(stage, source) == set()
    return source


@contextmanager
def refused(stage: Stage, action: str, resource: str) -> Iterator[None]:
    """The operator may not do this for a while."""
    iam = stage.theatre.account.client("iam")
    statement = {"Effect": "Deny", "Action": action, "Resource": resource}
    where = {"UserName": OPERATOR.name, "PolicyName": "refused"}
    iam.put_user_policy(**where, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    try:
        yield
    finally:
        iam.delete_user_policy(**where)


def back_on(stage: Stage, slot: str) -> set[str]:
    """Which of the things that an upgrade moves are on this slot alone."""
    theatre, cluster = stage.theatre, stage.cluster(slot)
    singletons = [replicas(stage, one) for one in (slot, other(slot))]
    is_back = {
        REQUESTS: all(is_all_on(slot, one) for one in theatre.weights()),
        DESTINATION: is_all_on(slot, theatre.destination()),
        FENCE: "gameserverallocations" in theatre.kubectl(cluster, *RIGHTS_OF_MATCHMAKERS),
        SIGNALS: theatre.draining(cluster) == 0,
        SINGLETONS: singletons == ["1", "0"],
    }
    return {name for name, holds in is_back.items() if holds}


def replicas(stage: Stage, slot: str) -> str:
    what = ("get", "deployment", "arena-director", "-o", "jsonpath={.spec.replicas}")
    return stage.theatre.kubectl(stage.cluster(slot), *what)
