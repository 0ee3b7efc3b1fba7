from __future__ import annotations

import random

import pytest

from lab.agones.model import Obj
from lab.agones.ports import PortPool, split_protocols, status_ports, with_host_ports


def pool(first: int = 7000, last: int = 7003) -> PortPool:
    return PortPool(first, last, random.Random(1))


def test_both_ends_of_the_range_are_given_and_none_twice_while_some_are_free() -> None:
    ports = pool()
    given = [ports.take(f"server-{index}", 1)[0] for index in range(4)]
    assert sorted(given) == [7000, 7001, 7002, 7003]


def test_a_used_up_range_gives_the_least_used_port() -> None:
    ports = pool()
    ports.hold("a", [7000])
    ports.hold("b", [7001])
    ports.hold("c", [7002, 7003])
    ports.hold("d", [7000, 7001, 7003])
    assert ports.take("e", 1) == [7002]


def test_one_server_gets_different_ports() -> None:
    assert sorted(pool().take("a", 4)) == [7000, 7001, 7002, 7003]


def test_asking_again_gives_the_same() -> None:
    ports = pool()
    assert ports.take("a", 2) == ports.take("a", 2)


def test_a_freed_port_is_given_again() -> None:
    ports = pool(7000, 7000)
    ports.take("a", 1)
    ports.free("a")
    ports.free("never seen")
    ports.hold("b", [7000])
    ports.hold("b", [7000])
    ports.free("b")
    assert ports.take("c", 1) == [7000]


def test_ports_outside_the_range_are_nobodys_business() -> None:
    ports = pool(7000, 7001)
    ports.hold("static", [80])
    assert sorted([ports.take("a", 1)[0], ports.take("b", 1)[0]]) == [7000, 7001]


def test_more_ports_than_the_range_has() -> None:
    with pytest.raises(ValueError, match="5 ports asked for, the range has 4"):
        pool().take("a", 5)


@pytest.mark.parametrize(("first", "last"), [(0, 10), (8000, 7000), (7000, 70000)])
def test_a_bad_range(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="not a port range"):
        PortPool(first, last)


def test_policies() -> None:
    ports: list[Obj] = [
        {"name": "dynamic", "portPolicy": "Dynamic", "containerPort": 7777},
        {"name": "static", "portPolicy": "Static", "containerPort": 1, "hostPort": 2},
        {"name": "through", "portPolicy": "Passthrough"},
        {"name": "none", "portPolicy": "None", "containerPort": 3},
    ]
    filled = with_host_ports(ports, [7000, 7001])
    assert status_ports(filled) == [
        {"name": "dynamic", "port": 7000},
        {"name": "static", "port": 2},
        {"name": "through", "port": 7001},
        {"name": "none", "port": 3},
    ]
    assert filled[2]["containerPort"] == 7001
    assert "hostPort" not in ports[0]


def test_both_protocols_share_a_number() -> None:
    both = [{"name": "game", "protocol": "TCPUDP", "hostPort": 7000, "containerPort": 7777}]
    assert split_protocols(both) == [
        {"name": "game-tcp", "protocol": "TCP", "hostPort": 7000, "containerPort": 7777},
        {"name": "game-udp", "protocol": "UDP", "hostPort": 7000, "containerPort": 7777},
    ]
