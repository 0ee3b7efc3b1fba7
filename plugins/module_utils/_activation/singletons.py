# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What runs in the active slot only: how it is switched off and on, and what of it still runs. Pure.

An object that was switched off keeps its previous value in an annotation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Iterable, Mapping

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import KubeResource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.kept import KEPT_VERSION, read_kept_in
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.rights import Access
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json

CRON_JOB = "CronJob"
APPS, BATCH = "apps", "batch"
RESOURCES = {
    "Deployment": KubeResource("/apis/apps/v1", "deployments"),
    "StatefulSet": KubeResource("/apis/apps/v1", "statefulsets"),
    CRON_JOB: KubeResource("/apis/batch/v1", "cronjobs"),
}
ON, OFF, ABSENT = "on", "off", "absent"
# The suboptions by which a module's option names singletons.
SINGLETON_ARGUMENTS: Json = {
    "kind": {"type": "str", "required": True, "choices": list(RESOURCES)},
    "namespace": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "replicas": {"type": "int", "default": 1},
}
ENDED_PODS = frozenset({"Succeeded", "Failed"})
ENDED_JOBS = frozenset({"Complete", "Failed"})


@dataclass(frozen=True)
class Singleton:
    """One of them; `replicas` is how many it gets if nothing says how many it had."""

    kind: str
    namespace: str
    name: str
    replicas: int = 1

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        return RESOURCES[self.kind].path(self.namespace, self.name)

    @property
    def field(self) -> str:
        """The field of `spec` that switches it."""
        return "suspend" if self.kind == CRON_JOB else "replicas"

    @property
    def off(self) -> int:
        """The value that switches it off; True is equal to 1, and a CronJob's is written as it is."""
        return True if self.kind == CRON_JOB else 0

    @property
    def default(self) -> int:
        return False if self.kind == CRON_JOB else self.replicas


def singleton_annotation(domain: str) -> str:
    return f"{domain}/singleton"


def value_of(singleton: Singleton, obj: Mapping[str, Any]) -> int:
    """The field that switches it, with the default of Kubernetes if it is absent."""
    value: int | None = (obj.get("spec") or {}).get(singleton.field)
    return (False if singleton.kind == CRON_JOB else 1) if value is None else value


def state_of(singleton: Singleton, obj: Mapping[str, Any] | None) -> str:
    """The state that the object asks for, whether or not it has been reached."""
    if obj is None:
        return ABSENT
    return OFF if value_of(singleton, obj) == singleton.off else ON


def plan_off(singleton: Singleton, obj: Mapping[str, Any], run: str, domain: str) -> Json | None:
    """The merge patch that switches one off; None when it is."""
    if state_of(singleton, obj) == OFF:
        return None
    kept = json.dumps({"v": KEPT_VERSION, "run": run, "original": value_of(singleton, obj)})
    return _patch(obj, domain, kept, {singleton.field: singleton.off})


def plan_on(singleton: Singleton, obj: Mapping[str, Any], domain: str) -> Json | None:
    """The merge patch that makes one as it was before it was switched off; None when it is on."""
    original = read_original(singleton, obj, domain)
    if state_of(singleton, obj) == ON:
        return None if original is None else _patch(obj, domain, None, {})
    return _patch(obj, domain, None, {singleton.field: singleton.default if original is None else original})


def read_original(singleton: Singleton, obj: Mapping[str, Any], domain: str) -> int | None:
    """What an object had before it was switched off. Raises BlueGreenError when that cannot be read."""
    return read_kept_in(
        obj,
        singleton_annotation(domain),
        str(singleton),
        f"set {singleton.field} by hand",
        lambda document: type(singleton.off)(document["original"]),
    )


def pods_left(obj: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> int:
    """Pods of a Deployment or StatefulSet that have not ended. One whose controller lags behind has at least one."""
    status = obj.get("status") or {}
    running = sum((pod.get("status") or {}).get("phase") not in ENDED_PODS for pod in pods)
    return max(running, int(status.get("replicas") or 0), int(not is_observed(obj)))


def jobs_left(obj: Mapping[str, Any], jobs: Iterable[Mapping[str, Any]]) -> int:
    """Jobs of a CronJob that have not ended."""
    uid = obj["metadata"].get("uid")
    own = [
        job for job in jobs if any(owner.get("uid") == uid for owner in job["metadata"].get("ownerReferences") or [])
    ]
    return max(sum(map(_is_running, own)), len((obj.get("status") or {}).get("active") or []))


def _is_running(job: Mapping[str, Any]) -> bool:
    status = job.get("status") or {}
    ended = any(one["type"] in ENDED_JOBS and one["status"] == "True" for one in status.get("conditions") or [])
    return not ended and bool(status.get("active") or not (job.get("spec") or {}).get("suspend"))


def missing_replicas(singleton: Singleton, obj: Mapping[str, Any]) -> int:
    """How many are not ready yet."""
    if singleton.kind == CRON_JOB:
        return 0
    if not is_observed(obj):
        return value_of(singleton, obj)
    return max(0, value_of(singleton, obj) - int((obj.get("status") or {}).get("readyReplicas") or 0))


def is_observed(obj: Mapping[str, Any]) -> bool:
    """Whether the object's controller has seen the object as it is."""
    observed = (obj.get("status") or {}).get("observedGeneration")
    return int(observed or 0) >= int(obj["metadata"].get("generation") or 0)


def selector_of(obj: Mapping[str, Any]) -> str:
    """The label selector of a Deployment or StatefulSet as a query."""
    selector = (obj.get("spec") or {}).get("selector") or {}
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    return ",".join(parts + [_expression(one) for one in selector.get("matchExpressions") or []])


def _expression(one: Mapping[str, Any]) -> str:
    key, operator = one["key"], one["operator"]
    if operator in ("Exists", "DoesNotExist"):
        return str(key) if operator == "Exists" else f"!{key}"
    return f"{key} {'in' if operator == 'In' else 'notin'} ({','.join(one['values'])})"


def singleton_access(singletons: Iterable[Singleton], *, proves_off: bool) -> list[Access]:
    """The permissions that switching them needs, each once."""
    needed: dict[Access, None] = {}
    for one in singletons:
        group = BATCH if one.kind == CRON_JOB else APPS
        for verb in ("get", "patch"):
            needed[Access(verb, group, RESOURCES[one.kind].plural, one.namespace)] = None
        if proves_off:
            left = Access("list", BATCH, "jobs", one.namespace)
            needed[left if one.kind == CRON_JOB else Access("list", "", "pods", one.namespace)] = None
    return list(needed)


def _patch(obj: Mapping[str, Any], domain: str, kept: str | None, spec: Mapping[str, int]) -> Json:
    metadata = {
        "resourceVersion": obj["metadata"]["resourceVersion"],
        "annotations": {singleton_annotation(domain): kept},
    }
    return {"metadata": metadata, "spec": dict(spec)} if spec else {"metadata": metadata}
