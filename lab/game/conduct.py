"""How a lab's game behaves: a file that is read while it runs, `<state>/conduct.json`.

    {"match_seconds": mean length of matches that begin from now on; 0: they never end;
                      null: as LAB_MATCH_SECONDS says,
     "deaf_share": share of game servers that hear no request to drain,
     "crash_share": share of game servers whose process dies once it has acknowledged that it is closing}

Which servers have a fault follows from their uids, so anyone who knows the share knows which they are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.world.config import LabConfig, LabError, write_json


@dataclass(frozen=True)
class Conduct:
    """The behaviour of all game servers of a lab; by default they have no fault."""

    match_seconds: float | None = None
    deaf_share: float = 0.0
    crash_share: float = 0.0

    def is_deaf(self, uid: str) -> bool:
        return _lot(f"deaf {uid}") < self.deaf_share

    def crashes(self, uid: str) -> bool:
        return _lot(f"crash {uid}") < self.crash_share


def _lot(text: str) -> float:
    """A number from 0 to 1 that is always the same for a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def path_of(config: LabConfig) -> Path:
    return config.state / "conduct.json"


def write(config: LabConfig, conduct: Conduct) -> None:
    """Make all game servers of the lab behave like this from now on."""
    write_json(path_of(config), asdict(conduct))


class ConductFile:
    """The file's current content; read again when the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = 0
        self._conduct = Conduct()

    def read(self) -> Conduct:
        """Raises LabError for a file that holds something else; without a file there is no fault."""
        try:
            changed_at = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            self._read_at, self._conduct = 0, Conduct()
            return self._conduct
        if changed_at != self._read_at:
            self._conduct = _parse(self._path)
            self._read_at = changed_at
        return self._conduct


def _parse(path: Path) -> Conduct:
    try:
        conduct = Conduct(**json.loads(path.read_text()))
        if conduct.match_seconds is not None and conduct.match_seconds < 0:
            raise ValueError("match_seconds is a number of seconds, or null")
        if not all(0 <= share <= 1 for share in (conduct.deaf_share, conduct.crash_share)):
            raise ValueError("a share is from 0 to 1")
    except (ValueError, TypeError) as error:
        raise LabError(f"{path}: {error}; see lab/game/conduct.py") from error
    return conduct
