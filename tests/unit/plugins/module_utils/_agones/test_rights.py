"""What the runner may do in a cluster, asked before the first write."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import (
    ACCESS_REVIEWS,
    Access,
    access_review,
    missing_access,
    refuse_missing,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

from tests.unit.plugins.module_utils._agones.kube import FakeKube

LIST, PATCH, SCALE = (
    Access("list", "agones.dev", "fleets", "arena"),
    Access("patch", "agones.dev", "gameservers", "arena"),
    Access("patch", "agones.dev", "fleets/scale", "arena"),
)


@pytest.mark.parametrize(
    ("access", "spec"),
    [
        (
            Access("list", "agones.dev", "fleets", "arena"),
            {"resourceAttributes": {"verb": "list", "group": "agones.dev", "resource": "fleets", "namespace": "arena"}},
        ),
        (
            Access("patch", "agones.dev", "fleets/scale"),
            {
                "resourceAttributes": {
                    "verb": "patch",
                    "group": "agones.dev",
                    "resource": "fleets",
                    "subresource": "scale",
                }
            },
        ),
        (
            Access("get", "", "secrets", "arena", name="key"),
            {
                "resourceAttributes": {
                    "verb": "get",
                    "group": "",
                    "resource": "secrets",
                    "namespace": "arena",
                    "name": "key",
                }
            },
        ),
        (Access("get", path="/healthz"), {"nonResourceAttributes": {"verb": "get", "path": "/healthz"}}),
    ],
)
def test_a_review_asks_as_kubernetes_writes_it(access: Access, spec: dict[str, Any]) -> None:
    assert access_review(access)["spec"] == spec


@pytest.mark.parametrize(
    ("access", "text"),
    [
        (LIST, "list fleets.agones.dev in namespace arena"),
        (SCALE, "patch fleets/scale.agones.dev in namespace arena"),
        (Access("get", resource="namespaces"), "get namespaces"),
        (Access("get", "", "secrets", "arena", name="key"), "get secrets key in namespace arena"),
        (Access("get", path="/healthz"), "get /healthz"),
    ],
)
def test_a_right_reads_as_people_say_it(access: Access, text: str) -> None:
    assert str(access) == text


def test_only_what_is_not_allowed_is_missing_in_the_order_of_the_question() -> None:
    kube: Any = FakeKube()
    assert missing_access(kube, [LIST, PATCH, SCALE]) == []
    kube.denied = {("patch", "fleets/scale"), ("list", "fleets")}
    assert missing_access(kube, [SCALE, PATCH, LIST]) == [SCALE, LIST]
    assert kube.log == []


@pytest.mark.parametrize("answer", [{}, {"status": None}, {"status": {}}, {"status": {"allowed": False}}])
def test_an_answer_that_does_not_say_yes_is_a_no(answer: dict[str, Any]) -> None:
    class Reviewer:
        def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
            assert (path, body["kind"]) == (ACCESS_REVIEWS, "SelfSubjectAccessReview")
            return answer

    api: Any = Reviewer()
    assert missing_access(api, [LIST]) == [LIST]


def test_all_that_is_missing_is_refused_at_once() -> None:
    refuse_missing([])
    with pytest.raises(BlueGreenError) as refused:
        refuse_missing([LIST, PATCH])
    named = ["list fleets.agones.dev in namespace arena", "patch gameservers.agones.dev in namespace arena"]
    assert refused.value.details == {"missing": named}
    assert refused.value.message.startswith(f"the runner may not {', '.join(named)}; give its access entry")
    assert refused.value.message.endswith("Nothing was written")
