"""`python -m lab.aws`: the lab's AWS endpoint, until SIGTERM.

Its account lives in memory. Clusters that an earlier endpoint left behind are removed at the start, because no one
knows them any more.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from types import FrameType

from lab.aws.eks.cluster import KwokLauncher
from lab.aws.eks.runtime import Lifecycle, read_seconds
from lab.aws.operator_policies import operator_policies
from lab.aws.server import LabEndpoint, bind, serve_in_thread
from lab.world.config import LabConfig, LabError

LOG = logging.getLogger("lab.aws")


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stdout)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        return run(LabConfig.from_environment())
    except LabError as error:
        print(f"lab.aws: {error}", file=sys.stderr)
        return 1


def run(config: LabConfig) -> int:
    lifecycle = Lifecycle(read_seconds(os.environ.get("LAB_EKS_SECONDS", "")))
    launcher = KwokLauncher(config)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    server = bind(config, LabEndpoint(config, launcher, lifecycle, operator_policies(config)))
    for name in launcher.forget_all():
        LOG.warning("removed cluster %s, which an earlier endpoint left behind", name)
    serve_in_thread(server)
    LOG.info("AWS is at %s", config.aws_endpoint)
    stop.wait()
    server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
