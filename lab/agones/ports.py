"""Which host ports game servers have, and which the next one gets."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

from lab.agones.model import Obj


class PortPool:
    """Host ports of a range (both ends included).

    A port may be given once per node: the scheduler keeps two servers with one port off the same node. So the
    least used port is given, at random among those, and the pool is never empty.
    """

    def __init__(self, first: int, last: int, choice: random.Random | None = None) -> None:
        if not 0 < first <= last <= 65535:
            raise ValueError(f"MIN_PORT {first} and MAX_PORT {last} are not a port range")
        self._range = range(first, last + 1)
        self._random = choice or random.Random()
        self._ports: dict[str, tuple[int, ...]] = {}
        self._uses: Counter[int] = Counter()

    def take(self, uid: str, count: int) -> list[int]:
        """Give a server `count` different ports; again the same ones if it has them already."""
        held = self._ports.get(uid)
        if held is not None and len(held) == count:
            return list(held)
        if count > len(self._range):
            raise ValueError(f"{count} ports asked for, the range has {len(self._range)}")
        self.free(uid)
        chosen: list[int] = []
        for _ in range(count):
            left = [port for port in self._range if port not in chosen]
            fewest = min(self._uses[port] for port in left)
            chosen.append(self._random.choice([port for port in left if self._uses[port] == fewest]))
        self.hold(uid, chosen)
        return chosen

    def hold(self, uid: str, ports: Iterable[int]) -> None:
        """Note what a server has (read from the cluster)."""
        self.free(uid)
        self._ports[uid] = tuple(port for port in ports if port in self._range)
        self._uses.update(self._ports[uid])

    def free(self, uid: str) -> None:
        self._uses.subtract(self._ports.pop(uid, ()))


def needs_port(port: Obj) -> bool:
    return port.get("portPolicy") in ("Dynamic", "Passthrough")


def with_host_ports(ports: list[Obj], chosen: list[int]) -> list[Obj]:
    """A server's `spec.ports` with the chosen host ports filled in where the policy asks for one."""
    left = iter(chosen)
    result = []
    for port in ports:
        filled = dict(port)
        if needs_port(port):
            filled["hostPort"] = next(left)
            if port.get("portPolicy") == "Passthrough":
                filled["containerPort"] = filled["hostPort"]
        result.append(filled)
    return split_protocols(result)


def split_protocols(ports: list[Obj]) -> list[Obj]:
    """TCPUDP becomes two entries with the same numbers."""
    result = []
    for port in ports:
        if port.get("protocol") == "TCPUDP":
            name = port.get("name", "")
            result += [{**port, "name": f"{name}-{kind.lower()}", "protocol": kind} for kind in ("TCP", "UDP")]
        else:
            result.append(port)
    return result


def status_ports(ports: list[Obj]) -> list[Obj]:
    """`status.ports`: what a client connects to."""
    return [
        {
            "name": port.get("name", ""),
            "port": port.get("containerPort" if port.get("portPolicy") == "None" else "hostPort", 0),
        }
        for port in ports
    ]
