"""A comparison goes on whatever came of its parts, and takes options as their module would."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._deviations.compare import (
    SlotComparison,
    validated,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._deviations.wanted import WantedSlot
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.arguments import (
    NODEGROUP_ARGUMENTS,
    NODEGROUP_CONFLICTS,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from botocore.exceptions import ClientError, NoCredentialsError

from tests.unit.plugins.clock import FakeClock
from tests.unit.plugins.module_utils._deviations.test_wanted import SERVICE, wanted
from tests.unit.plugins.module_utils._elbv2.fakes import FakeApi

EVERYTHING = wanted(
    access_entries=[{"principal_arn": "arn:one"}],
    pod_identity_associations=[{"namespace": "arena", "service_account": "sa", "role_arn": "arn:two"}],
    fargate={"profiles": [{"name": "system", "selectors": []}]},
    nodes={"nodegroups": [{"name": "game", "min_size": "many"}], "addons": [{"name": "coredns"}]},
    traffic={"services": [SERVICE]},
)


class Aws:
    """A cluster of which nothing else can be read."""

    meta = SimpleNamespace(service_model=botocore.session.get_session().get_service_model("eks"))

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def describe_cluster(self, name: str) -> Any:
        if self.error:
            raise self.error
        return {"cluster": {"name": name, "status": "ACTIVE", "identity": {"oidc": {"issuer": "https://oidc/id/A"}}}}

    def __getattr__(self, name: str) -> Any:
        def call(*_arguments: Any, **_options: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": name}}, name)

        return call


class Groups:
    """Target groups that cannot be read."""

    def __getattr__(self, name: str) -> Any:
        def call(*_arguments: Any) -> Any:
            raise BlueGreenError(f"{name}: AccessDenied")

        return call


def compared(aws: Aws, want: WantedSlot = EVERYTHING) -> SlotComparison:
    comparison = SlotComparison(lambda _service: aws, Groups(), FakeApi([]), FakeClock())
    comparison.compare(want)
    return comparison


def test_whatever_cannot_be_compared_is_told_and_the_rest_is_compared() -> None:
    found = compared(Aws()).deviations
    for words, text in zip(
        (
            "cluster arena-green exists with other settings",
            "list the OIDC providers",
            "access entry of arn:one",
            "pod identity associations of arena/sa",
            "Fargate profile system",
            "node group game: argument 'min_size'",
            "add-on coredns",
            "describe: AccessDenied",
            "neither target group mm-blue nor mm-green exists",
        ),
        found,
        strict=True,
    ):
        assert words in text


def test_a_cluster_that_cannot_be_read_hides_what_is_in_it() -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeCluster")
    (text,) = compared(Aws(denied)).deviations
    assert "read cluster arena-green" in text


def test_without_credentials_nothing_is_compared() -> None:
    with pytest.raises(AnsibleAWSError):
        compared(Aws(NoCredentialsError()))


def test_options_are_taken_as_their_module_would_take_them() -> None:
    said = {"cluster_name": "arena", "name": "game", "min_size": "3", "taints": [{"key": "a", "effect": "NO_EXECUTE"}]}
    found = validated("node group game", NODEGROUP_ARGUMENTS, said)
    assert (found["min_size"], found["max_size"]) == (3, None)
    assert found["taints"] == [{"key": "a", "value": None, "effect": "NO_EXECUTE"}]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"min_size": "many"}, "min_size"),
        ({"capacity_type": "CHEAP"}, "value of capacity_type must be one of: ON_DEMAND, SPOT, CAPACITY_BLOCK"),
        ({"launch_template": {"id": "lt-1"}, "disk_size": 8}, "mutually exclusive: disk_size|launch_template"),
        ({"launch_template": {"version": "3"}}, "one of the following is required: id, name"),
    ],
)
def test_options_that_a_module_would_refuse_are_refused(said: dict[str, Any], words: str) -> None:
    options = {"cluster_name": "arena", "name": "game", **said}
    with pytest.raises(BlueGreenError, match=r"^node group game: ") as refused:
        validated("node group game", NODEGROUP_ARGUMENTS, options, NODEGROUP_CONFLICTS)
    assert words in refused.value.message
