"""What is known of a slot before its cluster may go."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.facts import Candidate, candidate_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.direction import ENVIRONMENT_TAG

OBSERVED = {
    "slot": "blue",
    "cluster_name": "arena-blue",
    "exists": True,
    "readable": True,
    "status": "ACTIVE",
    "tags": {ENVIRONMENT_TAG: "arena"},
    "arn": "arn:aws:eks:eu-west-1:123456789012:cluster/arena-blue",
    "kubeconfig": "/tmp/blue",
}


def test_an_observed_slot_is_read_as_it_is() -> None:
    assert candidate_of(OBSERVED) == Candidate(
        slot="blue",
        cluster_name="arena-blue",
        exists=True,
        readable=True,
        status="ACTIVE",
        owner="arena",
        arn="arn:aws:eks:eu-west-1:123456789012:cluster/arena-blue",
        kubeconfig="/tmp/blue",
    )


def test_a_slot_without_a_cluster_has_no_owner_and_no_way_in() -> None:
    absent = {"slot": "green", "cluster_name": "arena-green", "exists": False, "status": "", "tags": None, "arn": None}
    found = candidate_of(absent)
    assert (found.exists, found.owner, found.arn, found.kubeconfig) == (False, "", "", "")


def test_a_cluster_without_our_tag_is_no_one_s() -> None:
    assert candidate_of({**OBSERVED, "tags": {"team": "arena"}}).owner == ""


def test_its_texts_name_slot_and_cluster() -> None:
    found = candidate_of(OBSERVED)
    assert (found.title, found.cluster) == ("slot blue", "cluster arena-blue")
