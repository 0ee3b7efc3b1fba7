# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""Compare a slot with what it should be, by what each kind's own round would do about it. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._aws import credentials_problem
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._clock import Clock
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._deviations.told import deviations_of
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._deviations.wanted import WantedSlot
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks import arguments, asked
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.asked import AskedResource, MakeClient
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.cluster import describe_cluster
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._eks.round import WantedResource
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.names import refuse_bad_name
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.round import Swap, swap_round
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.swap import Weights
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.target_group import (
    TARGET_GROUP_ARGUMENTS,
    Api,
    ensure_group,
    wanted_group,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._elbv2.world import ListenerApi
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._fields import at
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.keeper import NullKeeper
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data, Result

TAGS: Data = {"tags": {"type": "dict"}}


@dataclass(frozen=True)
class Compared:
    """A kind of EKS resource: what it is called, the options of its module, and what these ask for."""

    title: str
    named_by: str
    arguments: Data
    ask: Callable[[MakeClient, Data], AskedResource[Any]]
    conflicts: Sequence[tuple[str, ...]] = ()


CLUSTER = Compared("cluster", "name", arguments.CLUSTER_ARGUMENTS, partial(asked.ask_cluster, check_mode=True))
PROVIDER = Compared(
    "OIDC provider of cluster", "cluster_name", arguments.OIDC_PROVIDER_ARGUMENTS, asked.ask_oidc_provider
)
ENTRY = Compared("access entry", "principal_arn", arguments.ACCESS_ENTRY_ARGUMENTS, asked.ask_access_entry)
IDENTITY = Compared(
    "pod identity association", "service_account", arguments.POD_IDENTITY_ARGUMENTS, asked.ask_pod_identity
)
PROFILE = Compared("Fargate profile", "name", arguments.FARGATE_PROFILE_ARGUMENTS, asked.ask_fargate_profile)
NODEGROUP = Compared(
    "node group",
    "name",
    arguments.NODEGROUP_ARGUMENTS,
    asked.ask_nodegroup,
    arguments.NODEGROUP_CONFLICTS,
)
_ADDON = Compared(
    "add-on",
    "name",
    arguments.ADDON_ARGUMENTS,
    partial(asked.ask_addon, check_mode=True),
    arguments.ADDON_CONFLICTS,
)


@dataclass
class SlotComparison:
    """One comparison and its results: every deviation, what else is worth a warning, and what was seen."""

    client: MakeClient
    groups: Api
    listeners: ListenerApi
    clock: Clock
    deviations: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    issuer: str = ""
    oidc_provider_arn: str = ""
    desired_nodes: int = 0

    def compare(self, want: WantedSlot) -> None:
        """Compare everything, even when a part fails. Without a cluster there is nothing else to compare."""
        if not self._has_cluster(want.cluster):
            return
        self._note(lambda: self._provider(want.oidc_provider))
        self._note_each(ENTRY, want.access_entries)
        self._note_each(IDENTITY, want.pod_identities)
        self._note_each(PROFILE, want.fargate_profiles)
        for found in self._note_each(NODEGROUP, want.nodegroups):
            self.desired_nodes += int(at(found["resource"], "scalingConfig.desiredSize") or 0)
        self._note_each(_ADDON, want.addons)
        for options in want.target_groups:
            self._note(partial(self._target_group, options))
        if want.target_groups:
            self._note(lambda: self._attached(want))

    def _has_cluster(self, options: Data) -> bool:
        """Compare the cluster; whether there is one."""
        try:
            there = describe_cluster(self.client("eks"), str(options["name"])) is not None
        except AnsibleAWSError as error:
            self._tell(error)
            return False
        self._note(lambda: self._predicted(CLUSTER, options)[0])
        return there

    def _note_each(self, kind: Compared, wanted: Sequence[Data]) -> list[Result]:
        """The results of those that could be compared."""
        found = [self._note(partial(self._result, kind, options)) for options in wanted]
        return [one for one in found if one is not None]

    def _note(self, compare: Callable[[], Result]) -> Result | None:
        """Note what a comparison tells, or why there is none."""
        try:
            result = compare()
        except (BlueGreenError, AnsibleAWSError) as error:
            self._tell(error)
            return None
        self.deviations += deviations_of(result)
        self.warnings += result.get("warnings") or []
        return result

    def _tell(self, error: BlueGreenError | AnsibleAWSError) -> None:
        # Without credentials nothing can be compared: the module says what is wrong with them.
        if credentials_problem(error):
            raise error
        self.deviations.append(str(error))

    def _predicted(self, kind: Compared, options: Data) -> tuple[Result, Any]:
        """What the kind's own round would do, and the resource that it would do it to."""
        what = f"{kind.title} {options[kind.named_by]}"
        given = validated(what, {**kind.arguments, **TAGS}, options, kind.conflicts)
        wanted = kind.ask(self.client, given)
        want = WantedResource(wanted.values, given["tags"])
        result = wanted.present(wanted.resource, want, check_mode=True, clock=self.clock, keeper=NullKeeper())
        return result, wanted.resource

    def _result(self, kind: Compared, options: Data) -> Result:
        return self._predicted(kind, options)[0]

    def _provider(self, options: Data) -> Result:
        result, provider = self._predicted(PROVIDER, options)
        self.issuer, self.oidc_provider_arn = provider.issuer, provider.arn
        return result

    def _target_group(self, options: Data) -> Result:
        given = validated(f"target group {options['name']}", TARGET_GROUP_ARGUMENTS, options)
        refuse_bad_name("like", given["like"], "targetgroup", self.listeners.region)
        return ensure_group(self.groups, wanted_group(given), check_mode=True, keeper=NullKeeper())

    def _attached(self, want: WantedSlot) -> Result:
        """Whether the slot's target groups are in the listeners. A weight that they have there is no deviation."""
        blue, green = (0 if slot == want.slot else 100 for slot in SLOTS)
        weights = Weights(blue, green, toward=want.slot)
        swap = Swap(want.load_balancers, want.pairs, weights, require_healthy=False)
        return swap_round(self.listeners, swap, check_mode=True, clock=self.clock, keeper=NullKeeper())


def validated(what: str, spec: Data, options: Data, conflicts: Sequence[tuple[str, ...]] = ()) -> dict[str, Any]:
    """The options as their module would take them: with its types, its defaults, and its refusals."""
    result = ArgumentSpecValidator(dict(spec), mutually_exclusive=list(conflicts)).validate(dict(options))
    if result.error_messages:
        raise BlueGreenError(f"{what}: {'; '.join(result.error_messages)}")
    return dict(result.validated_parameters)
