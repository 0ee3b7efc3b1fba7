"""`python -m lab.load_balancer_controller`, in a pod of the lab: POD_IP and KUBECONFIG come from there."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from lab.load_balancer_controller.controller import Controller
from lab.load_balancer_controller.targets import Targets
from lab.world.kube import connect
from lab.world.pod import run_until_stopped

READY_PORT = 61779


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab.load_balancer_controller", description=__doc__)
    parser.add_argument("--cluster-name", required=True)
    parser.add_argument("--aws-region", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    logging.info("stand-in for the AWS Load Balancer Controller: targets only; cluster %s", arguments.cluster_name)
    asyncio.run(_run(arguments.aws_region))
    return 0


async def _run(region: str) -> None:
    controller = Controller(connect(), Targets(region))
    await run_until_stopped(controller.run(), READY_PORT, "/readyz", lambda: controller.ready)


if __name__ == "__main__":
    sys.exit(main())
