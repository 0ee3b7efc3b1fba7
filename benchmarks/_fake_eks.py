"""The lab's AWS endpoint with clusters that do not exist, and AWS's times as LAB_EKS_SECONDS says."""

from __future__ import annotations

import os

from lab.aws.eks.runtime import Lifecycle, read_seconds
from lab.aws.server import LabEndpoint, bind
from lab.world.config import LabConfig
from tests.contract.aws.fake_endpoint import FakeLauncher


def main() -> None:
    config = LabConfig.from_environment()
    lifecycle = Lifecycle(read_seconds(os.environ.get("LAB_EKS_SECONDS", "")))
    bind(config, LabEndpoint(config, FakeLauncher(config), lifecycle)).serve_forever()


if __name__ == "__main__":
    main()
