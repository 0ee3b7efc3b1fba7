"""`python -m lab.node_agent --cluster NAME`"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys

from lab.node_agent.agent import Agent, strip_environment
from lab.world.config import LabConfig, LabError


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab.node_agent", description=__doc__)
    parser.add_argument("--cluster", required=True, help="name of the cluster, as the lab's EKS knows it")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        config = LabConfig.from_environment()
        strip_environment(os.environ)
        asyncio.run(_run(config, arguments.cluster))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _run(config: LabConfig, cluster: str) -> None:
    await Agent(config, cluster).run()


if __name__ == "__main__":
    sys.exit(main())
