# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What a GameServer is to us: a session, a seat, or neither. Pure."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Json, T

Key = tuple[str, str]

FLEET_LABEL = "agones.dev/fleet"
LAST_ALLOCATED = "agones.dev/last-allocated"
DRAIN_ACKNOWLEDGEMENT = "agones.dev/sdk-drain-ack"
OCCUPIED = frozenset({"Allocated", "Reserved"})
ENDING = frozenset({"Shutdown", "Unhealthy", "Error"})
READ_METADATA = ("namespace", "name", "uid", "resourceVersion", "labels", "annotations", "deletionTimestamp")
READ_POD = ("terminationGracePeriodSeconds",)
READ_STATUS = ("state", "address", "ports", "counters", "lists")


@dataclass(frozen=True)
class Predicate:
    """What makes a GameServer a session in any state: a Counter above 0, or a List with an entry. Empty names: none.

    Labels and annotations are not part of it: anyone who fences or allocates may change them.
    """

    counter: str = ""
    list_name: str = ""

    def __bool__(self) -> bool:
        return bool(self.counter or self.list_name)

    def holds(self, status: Mapping[str, Any]) -> bool:
        """Whether a GameServer's status says that players may be in it."""
        values = ((status.get("lists") or {}).get(self.list_name) or {}).get("values")
        return bool(_count(status, self.counter)) or bool(values)

    def missing(self, specs: Iterable[Mapping[str, Any]]) -> list[str]:
        """Its names that no GameServer's spec has: Agones counts only those in the spec. Empty if there is no spec."""
        known = list(specs)
        wanted = (("Counter", "counters", self.counter), ("List", "lists", self.list_name))
        return [
            f"{kind} {name}"
            for kind, field, name in wanted
            if name and known and not any(name in (spec.get(field) or {}) for spec in known)
        ]


NO_PREDICATE = Predicate()


def refuse_unknown(predicate: Predicate, fleets: Iterable[Mapping[str, Any]], servers: Iterable[Json] = ()) -> None:
    """Raise BlueGreenError for a predicate that names what no Fleet and no GameServer has: it would never hold."""
    missing = predicate.missing([*map(template_spec, fleets), *(server.get("spec") or {} for server in servers)])
    if missing:
        raise BlueGreenError(
            f"session_predicate names {' and '.join(missing)}, which no Fleet here has, so it would never match a "
            "session: correct eks_bluegreen_session_predicate; if the slot is from before the game had it, make it "
            """empty (-e '{"eks_bluegreen_session_predicate": {}}')"""
        )


def read_predicate(option: Mapping[str, Any] | None) -> Predicate:
    """The predicate that a module's option `session_predicate` means."""
    option = option or {}
    return Predicate(option.get("counter") or "", option.get("list") or "")


@dataclass(frozen=True)
class Server:
    """A GameServer as seen once. `players` is None when its Fleet keeps no such List, `counted` without the Counter.

    `named` says that the game's own predicate calls it a session.
    """

    namespace: str
    name: str
    uid: str
    version: str
    fleet: str
    state: str
    deleting: bool
    addressed: bool
    allocation: str
    players: tuple[str, ...] | None
    counted: int | None
    grace_seconds: float
    annotations: Mapping[str, str]
    named: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return (self.namespace, self.name)

    @property
    def fleet_key(self) -> Key:
        return (self.namespace, self.fleet)

    @property
    def ending(self) -> bool:
        """On its way out. `kubectl delete` can leave the state as it was for the whole grace period."""
        return self.deleting or self.state in ENDING

    @property
    def is_session(self) -> bool:
        """Players may be in it: occupied, named by the game, or ending after an allocation while it is there."""
        return self.named or (bool(self.allocation) if self.ending else self.state in OCCUPIED)

    @property
    def is_empty(self) -> bool:
        """Known to hold no one: by its List, else by its Counter. One that publishes neither is not known to."""
        return player_count(self.players, self.counted) == 0 and not self.named

    @property
    def is_seat(self) -> bool:
        """Room for one session now."""
        return self.state == "Ready" and self.addressed and not self.deleting and not self.named

    @property
    def is_up(self) -> bool:
        """Serving or able to: it counts towards the wanted size of its Fleet."""
        return self.addressed and not self.deleting and self.state in OCCUPIED | {"Ready"}


def template_spec(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an object makes: the spec of a Fleet's GameServers, of a GameServer's pod."""
    return ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}


def player_count(players: Sequence[str] | None, counted: int | None) -> int | None:
    """By the List of players, else by their Counter; None if a server publishes neither."""
    return counted if players is None else len(players)


def read_server(
    obj: Mapping[str, Any],
    players_list: str = "players",
    key: str = "",
    players_counter: str = "players",
    predicate: Predicate = NO_PREDICATE,
) -> Server:
    """A GameServer object's relevant content. Player ids become hashes here and are never seen beyond it."""
    metadata, status = obj.get("metadata") or {}, obj.get("status") or {}
    pod = template_spec(obj)
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    return Server(
        namespace=str(metadata.get("namespace", "")),
        name=str(metadata.get("name", "")),
        uid=str(metadata.get("uid", "")),
        version=str(metadata.get("resourceVersion", "")),
        fleet=str(labels.get(FLEET_LABEL, "")),
        state=str(status.get("state") or ""),
        deleting=bool(metadata.get("deletionTimestamp")),
        addressed=bool(status.get("address")) and bool(status.get("ports")),
        allocation=str(annotations.get(LAST_ALLOCATED, "")),
        players=player_hashes(status, players_list, key),
        counted=_count(status, players_counter),
        grace_seconds=float(pod.get("terminationGracePeriodSeconds") or 30),
        annotations=annotations,
        named=bool(predicate) and predicate.holds(status),
        labels=labels,
    )


def trimmed(obj: Mapping[str, Any]) -> Json:
    """The part of a GameServer object that `read_server` reads."""
    metadata, status = obj.get("metadata") or {}, obj.get("status") or {}
    pod = template_spec(obj)
    grace = {name: pod[name] for name in READ_POD if name in pod}
    return {
        "metadata": {name: metadata[name] for name in READ_METADATA if name in metadata},
        "spec": {"template": {"spec": grace}} if grace else {},
        "status": {name: status[name] for name in READ_STATUS if name in status},
    }


def _count(status: Mapping[str, Any], counter: str) -> int | None:
    found = (status.get("counters") or {}).get(counter)
    return None if found is None else int(found.get("count") or 0)


def player_hashes(status: Mapping[str, Any], players_list: str, key: str) -> tuple[str, ...] | None:
    """The ids in a status' List as hashes: () when the List is empty, None when there is none of that name."""
    lists = status.get("lists") or {}
    if players_list not in lists:
        return None
    values = (lists[players_list] or {}).get("values") or []
    return tuple(sorted(hash_player(str(value), key) for value in values))


def hash_player(player: str, key: str) -> str:
    """A player id as it may leave the process: without the run's key no one can tell whose it is."""
    return hmac.new(key.encode(), player.encode(), hashlib.sha256).hexdigest()[:16]


def count_by_fleet(servers: Iterable[Server]) -> dict[Key, dict[str, int]]:
    """Number of servers by Fleet and state; `Terminating` stands for those being deleted."""
    counts: dict[Key, dict[str, int]] = {}
    for server in servers:
        state = "Terminating" if server.deleting else server.state
        fleet = counts.setdefault(server.fleet_key, {})
        fleet[state] = fleet.get(state, 0) + 1
    return counts


def summarise(servers: Iterable[Server], pods: Iterable[Key], now: float) -> Json:
    """Sessions, players and the age of the oldest match; a session that ends counts while its pod is there.

    `players` is None when no session has a List of players.
    """
    there = set(pods)
    sessions = [one for one in servers if one.is_session and (not one.ending or one.key in there)]
    known = [len(one.players) for one in sessions if one.players is not None]
    ages = [now - started for started in (parse_time(one.allocation) for one in sessions) if started is not None]
    return {
        "sessions": len(sessions),
        "players": sum(known) if known or not sessions else None,
        "oldest_session_seconds": round(max(0.0, *ages), 1) if ages else None,
    }


@lru_cache(maxsize=1 << 15)
def parse_time(text: str) -> float | None:
    """RFC 3339, up to nanoseconds, as seconds since 1970; None when it is not that."""
    head, dot, tail = text.strip().replace("Z", "+00:00").partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        head = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
    try:
        moment = datetime.fromisoformat(head)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def format_time(seconds: float) -> str:
    """Seconds since 1970 as RFC 3339 with milliseconds."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def said_of(fleet: Key, said: Mapping[Key, T], default: T) -> T:
    """What is said of a Fleet: by namespace and name, else by name alone (namespace ""), else the default."""
    return said.get(fleet) or said.get(("", fleet[1])) or default


def unknown_fleets(said: Iterable[Key], known: Iterable[Key]) -> tuple[list[Key], str]:
    """The entries that mean none of the known Fleets, and what these are called."""
    there = sorted(known)
    unknown = [key for key in said if not any(fleet == (key[0] or fleet[0], key[1]) for fleet in there)]
    return unknown, ", ".join(map(name_of, there)) or "none"


def name_of(fleet: Key) -> str:
    """A Fleet as messages call it."""
    return "/".join(part for part in fleet if part)
