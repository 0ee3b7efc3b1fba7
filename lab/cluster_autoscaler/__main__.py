"""`python -m lab.cluster_autoscaler`, in a pod of the lab."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from lab.world.pod import run_until_stopped

READY_PORT = 8085


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab.cluster_autoscaler", description=__doc__)
    parser.add_argument("--cluster-name", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.warning(
        "a placeholder for the Cluster Autoscaler: it scales nothing; the node groups of %s keep their size",
        arguments.cluster_name,
    )
    asyncio.run(run_until_stopped(asyncio.Event().wait(), READY_PORT, "/health-check", lambda: True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
