"""Which pods run on Fargate, and the admission webhook that marks them. No I/O here."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import Any

from lab.node_agent.cluster import Profile, Selector

SCHEDULER = "fargate-scheduler"
PROFILE_LABEL = "eks.amazonaws.com/fargate-profile"
COMPUTE_TYPE = "eks.amazonaws.com/compute-type"
WEBHOOK_CONFIGURATION = "lab-fargate"


def match_profile(profiles: Sequence[Profile], namespace: str, labels: dict[str, str]) -> str | None:
    """The ACTIVE profile that takes a pod; of several the first by name, as EKS chooses."""
    for profile in sorted(profiles, key=lambda one: one.name):
        if profile.status == "ACTIVE" and any(_selects(one, namespace, labels) for one in profile.selectors):
            return profile.name
    return None


def _selects(selector: Selector, namespace: str, labels: dict[str, str]) -> bool:
    return _like(selector.namespace, namespace) and all(
        key in labels and _like(value, labels[key]) for key, value in selector.labels.items()
    )


def _like(pattern: str, text: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)
    return re.fullmatch(expression, text) is not None


def mutation(pod: dict[str, Any], profile: str | None) -> list[dict[str, Any]]:
    """The JSON patch that hands a new pod to Fargate; empty for a pod that no profile takes."""
    if profile is None:
        return []
    patch: list[dict[str, Any]] = [{"op": "add", "path": "/spec/schedulerName", "value": SCHEDULER}]
    if not (pod.get("metadata") or {}).get("labels"):
        patch.append({"op": "add", "path": "/metadata/labels", "value": {}})
    key = PROFILE_LABEL.replace("/", "~1")
    patch.append({"op": "add", "path": f"/metadata/labels/{key}", "value": profile})
    return patch


def review(body: dict[str, Any], profiles: Sequence[Profile]) -> dict[str, Any]:
    """The answer to an AdmissionReview of a new pod."""
    request = body["request"]
    pod = request["object"]
    labels = (pod.get("metadata") or {}).get("labels") or {}
    patch = mutation(pod, match_profile(profiles, request["namespace"], labels))
    response: dict[str, Any] = {"uid": request["uid"], "allowed": True}
    if patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def webhook_configuration(profiles: Sequence[Profile], url: str, ca: str) -> dict[str, Any] | None:
    """The MutatingWebhookConfiguration for these profiles; None when there is nothing to watch for.

    One webhook per selector, so that the pods of game servers, which no profile takes, never wait for the agent.
    Profiles still being created are in it already: whether a pod is taken is decided when it arrives.
    `ca` is the certificate in base64.
    """
    webhooks = [
        _webhook(f"s{number}.{profile.name.lower()}.fargate.lab", selector, url, ca)
        for profile in sorted(profiles, key=lambda one: one.name)
        if profile.status in ("CREATING", "ACTIVE")
        for number, selector in enumerate(profile.selectors)
    ]
    if not webhooks:
        return None
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": WEBHOOK_CONFIGURATION},
        "webhooks": webhooks,
    }


def _webhook(name: str, selector: Selector, url: str, ca: str) -> dict[str, Any]:
    exact = {key: value for key, value in selector.labels.items() if not re.search(r"[*?]", value)}
    webhook: dict[str, Any] = {
        "name": name,
        "clientConfig": {"url": url, "caBundle": ca},
        "rules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"}
        ],
        "objectSelector": {"matchLabels": exact},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "timeoutSeconds": 5,
        "admissionReviewVersions": ["v1"],
    }
    if not re.search(r"[*?]", selector.namespace):
        webhook["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": selector.namespace}}
    return webhook
