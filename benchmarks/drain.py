"""How long it takes to signal all sessions of a cluster: `python -m benchmarks.drain --json`.

One annotation and one label on each of 100, 1,000 and 10,000 GameServers of one API server (etcd and kube-apiserver of
the lab, no webhooks, no controllers, no pods). Ours once as writes alone and once as the drain's whole rounds: list,
watch, plan, save, write, take in what came of it; meanwhile some more sessions begin. The floor has 64 connections open
and looks at nothing. Sides take turns. Loops that start a process for each object are measured on some objects, and
the time that they would take for all is computed from that and marked. Then a round with nothing to do is watched: what
it asks of the API server, how soon a change is seen and acted upon, and how much memory it takes when both slots have
that many game servers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from math import ceil
from pathlib import Path
from typing import Any

from kubernetes import client as kube_client
from kubernetes import config as kube_config

from benchmarks._api_server import CONNECTIONS, Cluster, create_game_servers, in_turns, path_of, running_cluster
from benchmarks._common import COLLECTIONS, REPOSITORY, Bar, Peer, Row, machine, report, timed
from lab.aws.eks.api_server import MERGE, ApiServer

Json = dict[str, Any]

OBJECTS = (100, 1_000, 10_000)
RUNS = 3
# For peers that take minutes above this many objects.
KUBECTL_ALL = "kubectl annotate and label, --all"
RUNS_OF_SLOW_PEERS = 1
SLOW_ABOVE = 1_000
KUBECTL_OBJECTS, K8S_OBJECTS = 100, 20
PEER_THREADS = 16
# The same as in the module's lists.
PAGE_SIZE = 500
CHANGES = 10
SECONDS_BETWEEN_CHANGES = 0.3
SPARE = "spare-{}"
# From this many objects on, signalling takes long enough for changes to arrive meanwhile.
CHANGES_WHILE_SIGNALLING_FROM = 1_000
END_SECONDS = 900
LABEL, ANNOTATION = "eks-bluegreen.gameops/draining", "eks-bluegreen.gameops/drain"
# With fewer objects, opening connections and listing is most of the work; the floor does neither.
OF_FLOOR_FROM = 1_000
SEEN, ACTED = "seen_seconds", "acted_seconds"
REACTIONS = {
    ACTED: "seconds to a reaction",
    f"{SEEN}_signalling": "seconds until a change is taken in while signalling",
}
BARS = {"of_floor": 1.25, "reaction_seconds": 1.0, "peak_mb": 300.0}

# Writes a patch to every game server; the seconds that this took.
Work = Callable[[Json], float]


@dataclass(frozen=True)
class Scene:
    """A namespace with sessions, and some servers that wait to be allocated."""

    cluster: Cluster
    folder: Path
    namespace: str
    names: Sequence[str]
    spares: list[str]
    objects: int

    @property
    def environment(self) -> dict[str, str]:
        """For programs that look for a cluster, and keep caches."""
        places = {"HOME": str(self.folder), "TMPDIR": str(self.folder), "KUBECONFIG": str(self.cluster.kubeconfig)}
        return {**os.environ, **places, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}


@dataclass(frozen=True)
class Loop:
    """A peer that was measured on a few objects: seconds to start, and each object's."""

    command: str
    objects: int
    start: float
    times: Sequence[float]

    def peer(self, objects: int) -> Peer:
        """What it takes for this many objects; computed if another number was measured."""
        times = [extrapolate(seconds, self.start, self.objects, objects) for seconds in self.times]
        computed = objects != self.objects
        return Peer(self.command, times, {"measured_objects": self.objects, "extrapolated": computed})


def extrapolate(seconds: float, start: float, measured: int, wanted: int) -> float:
    """Seconds for the wanted number of objects, of which `start` are spent whatever the number."""
    return start + (seconds - start) * wanted / measured


def request(run: str) -> Json:
    """The patch that all sides but ours write. Ours has the time of each write, and the version that it decided on."""
    document = {
        "v": 1,
        "run": run,
        "seq": 1,
        "state": "requested",
        "mode": "at_match_end",
        "allocation": "2026-11-23T12:00:00.123456789Z",
        "not_before": "2026-11-23T12:30:00.000Z",
        "deadline": "2026-11-23T13:42:00.000Z",
        "spread_seconds": 10.0,
        "reason": "drain",
    }
    annotation = json.dumps(document, separators=(",", ":"))
    return {"metadata": {"annotations": {ANNOTATION: annotation}, "labels": {LABEL: run}}}


def build(cluster: Cluster, folder: Path, objects: int, repeat: int) -> Scene:
    names = [f"arena-{number:05}" for number in range(objects)]
    spares = [SPARE.format(number) for number in range(CHANGES * (repeat + 1))]
    namespace = f"arena-{objects}"
    create_game_servers(cluster, namespace, {**dict.fromkeys(names, "Allocated"), **dict.fromkeys(spares, "Ready")})
    return Scene(cluster, folder, namespace, names, spares, len(names) + len(spares))


# The sides


def floor(scene: Scene) -> Work:
    """Connections that are open before the time begins, every answer read, and nothing else."""

    async def patch_all(body: Json) -> float:
        payload = json.dumps(body).encode()
        async with scene.cluster.session() as session:
            await in_turns(range(CONNECTIONS), lambda _: session.get("/version"))
            start = time.perf_counter()
            await in_turns(
                scene.names,
                lambda name: session.patch(path_of(scene.namespace, name), data=payload, headers=MERGE),
            )
            return time.perf_counter() - start

    return lambda body: asyncio.run(patch_all(body))


def ours(scene: Scene, work: str, run: str, changes: int = 0) -> Json:
    """Our side in a process of its own; its result, whose `seconds` leave out the process's start.

    Once it watches, so many spare servers are allocated one after the other; `changed` has the moments.
    """
    api = ApiServer(scene.cluster.kubeconfig)
    names, scene.spares[:] = scene.spares[:changes], scene.spares[changes:]
    with our_process(scene, work, run, scene.objects - len(scene.spares)) as process:
        assert process.stdout
        if changes:
            process.stdout.readline()
        changed = {}
        for name in names:
            changed[name] = time.monotonic()
            allocate(api, scene, name)
            time.sleep(SECONDS_BETWEEN_CHANGES)
        return {**finish(process, scene), "changed": changed}


@contextmanager
def our_process(scene: Scene, work: str, run: str, sessions: int) -> Iterator[subprocess.Popen[str]]:
    where = {
        "kubeconfig": str(scene.cluster.kubeconfig),
        "namespace": scene.namespace,
        "run": run,
        "sessions": str(sessions),
    }
    command = [sys.executable, "-m", "benchmarks._drain_ours", work]
    command += [f"--{name}={value}" for name, value in where.items()]
    environment = {**os.environ, "PYTHONPATH": str(COLLECTIONS)}
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def finish(process: subprocess.Popen[str], scene: Scene) -> Json:
    """The last line of our process's output."""
    told, _ = process.communicate(timeout=END_SECONDS)
    if process.returncode:
        raise SystemExit(f"our side failed on {scene.namespace}: {told[-2000:]}")
    result: Json = json.loads(told.splitlines()[-1])
    return result


def python_client(scene: Scene) -> Work:
    """The package kubernetes with threads."""

    def patch_all(body: Json) -> None:
        settings = kube_client.Configuration()
        kube_config.load_kube_config(str(scene.cluster.kubeconfig), client_configuration=settings)
        settings.connection_pool_maxsize = PEER_THREADS
        api = kube_client.CustomObjectsApi(kube_client.ApiClient(settings))
        with ThreadPoolExecutor(PEER_THREADS) as pool:
            list(
                pool.map(
                    lambda name: api.patch_namespaced_custom_object(
                        "agones.dev", "v1", scene.namespace, "gameservers", name, body
                    ),
                    scene.names,
                )
            )

    return whole(patch_all)


def whole(patch_all: Callable[[Json], None]) -> Work:
    """All of its time counts."""
    return lambda body: timed(lambda: patch_all(body))


def kubectl(scene: Scene, *arguments: str) -> list[str]:
    return [str(scene.cluster.config.binary("kubectl")), "-n", scene.namespace, *arguments]


def kubectl_all(scene: Scene) -> Work:
    """Two commands over all game servers of the namespace, spare ones included."""

    def patch_all(body: Json) -> None:
        for verb, field in (("annotate", "annotations"), ("label", "labels")):
            ((key, value),) = body["metadata"][field].items()
            run_command(kubectl(scene, verb, "gameservers", "--all", "--overwrite", f"{key}={value}"), scene)

    return whole(patch_all)


def kubectl_loop(scene: Scene, names: Sequence[str]) -> Work:
    """A shell's loop."""

    def patch_all(body: Json) -> None:
        command = kubectl(scene, "patch", "gameserver", "--type=merge", "-p")
        loop = 'body="$1"; shift; for name in "$@"; do ' + " ".join(command) + ' "$body" "$name" || exit; done'
        run_command(["sh", "-c", loop, "sh", json.dumps(body), *names], scene)

    return whole(patch_all)


def k8s_loop(scene: Scene, names: Sequence[str]) -> Work:
    """A loop in a playbook."""

    def patch_all(body: Json) -> None:
        path = scene.folder / "drain_k8s.json"
        variables = {
            "kubeconfig": str(scene.cluster.kubeconfig),
            "games": scene.namespace,
            "names": list(names),
            "definition": body,
            "ansible_python_interpreter": sys.executable,
        }
        path.write_text(json.dumps(variables))
        program = str(Path(sys.executable).parent / "ansible-playbook")
        playbook = str(REPOSITORY / "benchmarks" / "playbooks" / "drain_k8s.yml")
        run_command([program, "-i", "localhost,", "-e", f"@{path}", playbook], scene)

    return whole(patch_all)


def run_command(command: Sequence[str], scene: Scene) -> None:
    """Run a command to its end; if it failed, show its output."""
    done = subprocess.run(command, env=scene.environment, cwd=scene.folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")


# The measurements


class Runs:
    """Each run writes another value, so that every write changes its object; afterwards all objects must have it."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def time(self, scene: Scene, work: Work, names: Sequence[str]) -> float:
        """Seconds of one run of a side that is not ours."""
        run = self.next()
        seconds = work(request(run))
        check(scene, run, names)
        return seconds

    def ours(self, scene: Scene, work: str, changes: int = 0) -> Json:
        """The result of one run of our side."""
        run = self.next()
        told = ours(scene, work, run, changes)
        check(scene, run, scene.names)
        return {**told, "run": run}

    def next(self) -> str:
        return f"run-{next(self._numbers)}"


def check(scene: Scene, run: str, names: Sequence[str]) -> None:
    """Every one of these objects has the label and the annotation of the run."""
    wanted, query = set(names), {"labelSelector": f"{LABEL}={run}"}
    items = ApiServer(scene.cluster.kubeconfig).call("GET", path_of(scene.namespace), params=query).json()["items"]
    found = {one["metadata"]["name"] for one in items if f'"{run}"' in one["metadata"]["annotations"][ANNOTATION]}
    if wanted - found:
        raise SystemExit(f"{len(wanted - found)} of {len(wanted)} game servers were not signalled in {run}")


def measure_loops(scene: Scene, runs: Runs, repeat: int) -> dict[str, Loop]:
    """What starts a process for each object, on a few of them."""
    some, few = scene.names[:KUBECTL_OBJECTS], scene.names[:K8S_OBJECTS]
    nothing = k8s_loop(scene, [])(request("nothing"))
    patches, tasks = [], []
    for _ in range(repeat):
        patches.append(runs.time(scene, kubectl_loop(scene, some), some))
        tasks.append(runs.time(scene, k8s_loop(scene, few), few))
    # A playbook with nothing to do takes the same time at any number; the shell's loop has no such share.
    shell = "for name in ...; do kubectl patch gameserver --type=merge -p '{...}' $name; done"
    module = "ansible-playbook benchmarks/playbooks/drain_k8s.yml"
    return {
        "kubectl patch, loop": Loop(shell, len(some), 0.0, patches),
        "kubernetes.core.k8s, loop": Loop(module, len(few), nothing, tasks),
    }


def peers_of(scene: Scene) -> dict[str, tuple[Work, str]]:
    """What is measured on all objects, with its command."""
    return {
        "kubernetes package, 16 threads": (python_client(scene), "CustomObjectsApi, ThreadPoolExecutor(16)"),
        KUBECTL_ALL: (kubectl_all(scene), "kubectl annotate gs --all; kubectl label gs --all"),
    }


def measure(scene: Scene, runs: Runs, repeat: int, loops: Mapping[str, Loop], *, peers: bool) -> tuple[list[Row], Json]:
    """Both rows of one number of objects, and the steady state afterwards."""
    objects, others = len(scene.names), peers_of(scene) if peers else {}
    floors, writes, rounds = [], [], []
    times: dict[str, list[float]] = {name: [] for name in others}
    for turn in range(repeat):
        floors.append(runs.time(scene, floor(scene), scene.names))
        for name, (work, _command) in others.items():
            if turn < RUNS_OF_SLOW_PEERS or objects <= SLOW_ABOVE or name != KUBECTL_ALL:
                times[name].append(runs.time(scene, work, scene.names))
        writes.append(runs.ours(scene, "write")["seconds"])
        # The last of a turn, because the steady state is that of a drain that has asked every session.
        changes = CHANGES if objects >= CHANGES_WHILE_SIGNALLING_FROM else 0
        rounds.append(runs.ours(scene, "signal", changes))
    measured = {"measured_objects": objects, "extrapolated": False}
    shown = {name: Peer(command, times[name], measured) for name, (_work, command) in others.items()}
    shown |= {name: loop.peer(objects) for name, loop in loops.items()}
    rows = [
        Row(f"{objects} game servers, writes alone", writes, floors),
        Row(f"{objects} game servers, whole rounds", [one["seconds"] for one in rounds], floors, shown),
    ]
    size = len(ApiServer(scene.cluster.kubeconfig).call("GET", path_of(scene.namespace, scene.names[0])).content)
    state = steady(scene, rounds[-1]["run"])
    return rows, {"objects": objects, "bytes_per_object": size, **signalling(rounds), **state}


def signalling(told: Sequence[Json]) -> Json:
    """What there is to say about the rounds that signalled."""
    found = [reactions(one["changed"], one) for one in told if one["changed"]]
    meanwhile = {
        f"{name}_signalling": {
            "median": statistics.median(one[name]["median"] for one in found),
            "max": max(one[name]["max"] for one in found),
        }
        for name in (SEEN, ACTED)
        if found
    }
    return {
        **meanwhile,
        "rounds_to_signal_all": max(one["rounds"] for one in told),
        "longest_turn_seconds": round(max(one["longest_turn_seconds"] for one in told), 3),
        "peak_mb_signalling": round(max(one["peak_mb"] for one in told), 1),
    }


def steady(scene: Scene, run: str) -> Json:
    """A round with nothing to do but watch, while some servers are allocated one after the other."""
    before = scene.cluster.game_server_requests()
    told = ours(scene, "watch", run, CHANGES)
    after = requests_when_watches_ended(scene.cluster, before["WATCH"] + 2)
    return {**reactions(told["changed"], told), **reads(before, after, scene.objects), "peak_mb": told["peak_mb"]}


def allocate(api: ApiServer, scene: Scene, name: str) -> None:
    """What Agones' allocator writes."""
    annotations = {"agones.dev/last-allocated": "2026-11-23T12:10:00.123456789Z"}
    body = {"metadata": {"annotations": annotations}, "status": {"state": "Allocated"}}
    api.call("PATCH", path_of(scene.namespace, name), json=body, headers=MERGE)


def requests_when_watches_ended(cluster: Cluster, watches: int) -> Mapping[str, int]:
    """What has been asked so far. A watch is counted when it ends, which is a moment after its client did."""
    deadline = time.monotonic() + 10
    while (found := cluster.game_server_requests())["WATCH"] < watches and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def reactions(changed: Mapping[str, float], told: Json) -> Json:
    """Seconds from before each change was written until a turn took it in, and until the request was on the server."""
    seen = [told["seen"][name] - at for name, at in changed.items() if name in told["seen"]]
    asked = [told["written"][name] - at for name, at in changed.items() if name in told["written"]]
    if len(asked) < len(changed):
        raise SystemExit(f"{len(changed) - len(asked)} of {len(changed)} changes were not acted upon within the round")
    return {
        "changes": len(changed),
        SEEN: {"median": round(statistics.median(seen), 3), "max": round(max(seen), 3)},
        ACTED: {"median": round(statistics.median(asked), 3), "max": round(max(asked), 3)},
    }


def reads(before: Mapping[str, int], after: Mapping[str, int], objects: int) -> Json:
    """How often a round read each of its two slots in full, and how often it began to watch."""
    lists, watches = after["LIST"] - before["LIST"], after["WATCH"] - before["WATCH"]
    return {
        "list_requests": lists,
        "lists_per_slot": lists / 2 / ceil(objects / PAGE_SIZE),
        "watches_per_slot": watches / 2,
        "get_requests": after.get("GET", 0) - before.get("GET", 0),
    }


def bars(rows: Sequence[Json], steadies: Sequence[Json]) -> list[Bar]:
    """The bars, at the largest number of objects."""
    if not steadies:
        return []
    last, objects = steadies[-1], steadies[-1]["objects"]
    found = [
        Bar(f"of floor: {row['work']}", row["of_floor"], BARS["of_floor"])
        for row in rows[-2:]
        if objects >= OF_FLOOR_FROM
    ]
    return [
        *found,
        Bar("paged lists of a slot a round", last["lists_per_slot"], 1),
        Bar("watches of a slot a round", last["watches_per_slot"], 1),
        *[
            Bar(f"{what}, {objects} game servers", last[name]["max"], BARS["reaction_seconds"])
            for name, what in REACTIONS.items()
            if name in last
        ],
        Bar(
            f"peak MB, {objects} game servers",
            max(last["peak_mb"], last["peak_mb_signalling"]),
            BARS["peak_mb"],
        ),
    ]


def benchmark(number: int, sizes: Sequence[int], repeat: int, *, peers: bool) -> Json:
    """The whole result."""
    rows: list[Json] = []
    steadies: list[Json] = []
    runs = Runs()
    with tempfile.TemporaryDirectory() as name, running_cluster(number, Path(name) / "lab") as cluster:
        folder = Path(name)
        loops: dict[str, Loop] = {}
        for objects in sizes:
            scene = build(cluster, folder, objects, repeat)
            if peers and not loops:
                loops = measure_loops(scene, runs, repeat)
            found, state = measure(scene, runs, repeat, loops, peers=peers)
            rows += [row.document() for row in found]
            steadies.append(state)
    return {
        "benchmark": "drain",
        "machine": machine(),
        "rows": rows,
        "steady": steadies,
        "bars": [bar.document() for bar in bars(rows, steadies)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--objects", type=sizes_of, default=OBJECTS, help="numbers of game servers: 100,1000,10000")
    parser.add_argument("--repeat", type=int, default=RUNS, help="how many runs a median is made of")
    parser.add_argument("--alone", action="store_true", help="this and the floor, no peers")
    parser.add_argument("--quick", action="store_true", help="the first number alone, one run, no peers: does it work?")
    parser.add_argument("--number", type=int, default=97, help="the lab number whose addresses are used")
    options = parser.parse_args()
    if options.quick:
        document = benchmark(options.number, options.objects[:1], 1, peers=False)
    else:
        document = benchmark(options.number, options.objects, options.repeat, peers=not options.alone)
    report(document, as_json=options.json)


def sizes_of(text: str) -> list[int]:
    """Numbers between commas, the smallest first."""
    return sorted(int(one) for one in text.split(","))


if __name__ == "__main__":
    main()
