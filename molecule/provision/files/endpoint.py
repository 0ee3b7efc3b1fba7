"""Starts the lab's AWS endpoint, or ends it with every cluster that it booted."""

from __future__ import annotations

import sys

from lab.aws.eks.cluster import KwokLauncher
from lab.world import processes
from lab.world.config import AWS_PORT, LabConfig

NAME = "aws"


def main(verb: str) -> None:
    config = LabConfig.from_environment()
    if verb == "start":
        record = processes.start(config, NAME, ["python", "-m", "lab.aws"])
        processes.wait_until_listening(record, config.aws_address, AWS_PORT)
        return
    for name in KwokLauncher(config).forget_all():
        print(f"removed {name}")
    processes.stop(config, NAME)


if __name__ == "__main__":
    main(sys.argv[1])
