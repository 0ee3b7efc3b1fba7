"""`python -m lab.alb`"""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from lab.alb.service import Service, propagation_seconds
from lab.world.config import LabConfig, LabError


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(_run(LabConfig.from_environment(), propagation_seconds(os.environ)))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _run(config: LabConfig, delay: float) -> None:
    await Service(config, delay).run()


if __name__ == "__main__":
    sys.exit(main())
