"""A slot that no one uses, and one whose cluster is gone."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._decommission.facts import Candidate

GREEN = Candidate(
    slot="green",
    cluster_name="arena-green",
    exists=True,
    readable=True,
    status="ACTIVE",
    owner="arena",
    arn="arn:green",
    kubeconfig="green.yml",
)
GONE = replace(GREEN, exists=False, status="", owner="", arn="", kubeconfig="")
