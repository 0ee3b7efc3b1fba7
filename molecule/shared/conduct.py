"""Has the lab's game servers behave so from now on: conduct.py [match_seconds=N] [deaf_share=N] [crash_share=N]."""

from __future__ import annotations

import sys

from lab.game.conduct import Conduct, write
from lab.world.config import LabConfig

# The role bake waits for new sessions, so matches that begin after the first ones are short.
SHORT_MATCH_SECONDS = 4.0

if __name__ == "__main__":
    given = {name: float(number) for name, _, number in (argument.partition("=") for argument in sys.argv[1:])}
    write(LabConfig.from_environment(), Conduct(**{"match_seconds": SHORT_MATCH_SECONDS, **given}))
