"""The backend that takes the place of moto's for EKS.

Its module is called `models` because moto looks for the routes in the `urls` next to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.base_backend import BaseBackend

from lab.aws.eks.access import AccessOperations
from lab.aws.eks.addons import AddonOperations
from lab.aws.eks.clusters import ClusterOperations
from lab.aws.eks.errors import InvalidRequestError
from lab.aws.eks.fargate import FargateOperations
from lab.aws.eks.insights import InsightOperations
from lab.aws.eks.nodegroups import NodegroupOperations, PublicAddress
from lab.aws.eks.pod_identity import PodIdentityOperations
from lab.aws.eks.runtime import Call, Runtime
from lab.aws.eks.state import Json, Lock, State
from lab.aws.eks.tags import TagOperations

RuntimeOf = Callable[[State], Runtime]


class SimEKS(BaseBackend):  # type: ignore[misc]
    """EKS of one region. `install` says what it acts through, before moto makes the first one.

    `lock` is held by every request to the endpoint, so that threads of EKS find the other services at rest too.
    """

    _runtime_of: RuntimeOf
    _public_address: PublicAddress
    _lock: Lock

    @classmethod
    def install(cls, runtime_of: RuntimeOf, public_address: PublicAddress, lock: Lock) -> None:
        from moto.eks import models

        cls._runtime_of = staticmethod(runtime_of)
        cls._public_address = staticmethod(public_address)
        cls._lock = lock
        models.eks_backends.backend = cls

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.state = State(account_id, region_name, self._lock)
        runtime = self._runtime_of(self.state)
        self._families: list[Any] = [
            ClusterOperations(self.state, runtime),
            NodegroupOperations(self.state, runtime, self._public_address),
            FargateOperations(self.state, runtime),
            AddonOperations(self.state, runtime),
            AccessOperations(self.state, runtime),
            PodIdentityOperations(self.state, runtime),
            InsightOperations(self.state, runtime),
            TagOperations(self.state, runtime),
        ]

    def perform(self, operation: str, call: Call) -> Json:
        """Do one operation, by its name in snake case; one at a time."""
        if operation.startswith("_"):
            raise InvalidRequestError(f"{operation} is not an operation")
        for family in self._families:
            method = getattr(family, operation, None)
            if method:
                with self.state.lock:
                    return dict(method(call))
        raise InvalidRequestError(f"The lab's EKS does not know the operation {operation}")
