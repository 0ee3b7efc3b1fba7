# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the runner may do in a cluster: asked of its API server before the first write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._parallel import in_parallel


@dataclass(frozen=True)
class Access:
    """A verb on a kind of object, in a namespace (empty: the kind has none); on one object, if there is a name.

    `resource` is written as in a Role, with its subresource. With `path` it is a verb on that path, not on an object.
    """

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    def __str__(self) -> str:
        kind = f"{self.resource}.{self.group}" if self.group else self.resource
        named = f" {self.name}" if self.name else ""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.path or kind}{named}{where}"


def access_review(access: Access) -> dict[str, Any]:
    """The SelfSubjectAccessReview that asks whether we may."""
    resource, _slash, subresource = access.resource.partition("/")
    given = {"subresource": subresource, "namespace": access.namespace, "name": access.name}
    attributes = {"verb": access.verb, "group": access.group, "resource": resource}
    attributes |= {key: value for key, value in given.items() if value}
    on_path = {"nonResourceAttributes": {"verb": access.verb, "path": access.path}}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": on_path if access.path else {"resourceAttributes": attributes},
    }


ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def missing_access(api: KubeApi, needed: Sequence[Access]) -> list[Access]:
    """Which of these the runner may not do."""
    asked = in_parallel(lambda access: (access, _is_allowed(api, access)), needed)
    return [access for access, is_allowed in asked if not is_allowed]


def refuse_missing(missing: Sequence[Access]) -> None:
    """Raise BlueGreenError with all that is missing."""
    if missing:
        verbs = ", ".join(map(str, missing))
        raise BlueGreenError(
            f"the runner may not {verbs}; give its access entry or Role these verbs. Nothing was written",
            missing=[str(access) for access in missing],
        )


def _is_allowed(api: KubeApi, access: Access) -> bool:
    answer = api.create(ACCESS_REVIEWS, access_review(access))
    return bool((answer.get("status") or {}).get("allowed"))
