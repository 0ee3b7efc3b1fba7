# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What people are told about an environment, in lines of text. Pure."""

from __future__ import annotations

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import RECLAIM, ROLLBACK
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._slots.direction import weights_text
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data


def status_lines(environment: str, seen: Data, reason: str) -> list[str]:
    """An environment as it is: slots, traffic, destination, run, and what is wrong."""
    active = seen["active"]
    lines = [f"{environment}: {reason}"]
    lines += [_slot_line(seen["slots"][slot], active) for slot in SLOTS]
    lines += [
        f"  traffic   {one['load_balancer']} {one['where']}: {weights_text(one['weights'])}" for one in seen["forwards"]
    ]
    destination = seen["destination"]
    if destination is not None:
        weights = weights_text(destination["weights"]) if destination["weights"] else "not readable"
        lines.append(f"  sessions  {destination['where']}: {weights} (revision {destination['revision']})")
    lines += _run_lines(seen["run"], seen["lease"])
    return lines + [
        f"  {one['severity']}     {one['resource']}: {one['finding']}. {one['remedy']}" for one in seen["problems"]
    ]


def _slot_line(slot: Data, active: str) -> str:
    name = f"  {slot['slot']:<8}  {slot['cluster_name']}"
    if not slot["exists"]:
        return f"{name}: no cluster"
    release = f"release {slot['release']}" if slot["release"] else "release unknown"
    part = "active" if slot["slot"] == active else "standby"
    return f"{name}: {slot['status']}, Kubernetes {slot['version']}, {release}, {part}"


def _run_lines(run: Data | None, lease: Data) -> list[str]:
    if run is None:
        return ["  run       none recorded"]
    what = "reclaim" if run["direction"] == RECLAIM else f"release {run['release']}"
    text = f"{run['run_id']}: {what}, {run['source']} to {run['target']}, {run['state']}"
    if run["state"] != "open":
        outcome = f" ({run['outcome'].replace('_', ' ')})" if run["outcome"] else ""
        lines = [f"  run       {text}{outcome} {run['closed_at']}".rstrip()]
        if lease["seconds_left"] > 0:
            lines.append(
                f"  held      {lease['holder']} is changing a slot, for at least {lease['seconds_left']:.0f} s"
            )
        return lines
    way = ", going back" if run["direction"] == ROLLBACK else ""
    driver = "no one drives it: start the same command again to resume it, or end it with the playbook abandon"
    if lease["seconds_left"] > 0:
        driver = f"driven by {lease['holder']} for at least {lease['seconds_left']:.0f} s"
    return [f"  run       {text}{way}, phase {run['phase'] or 'before provision'}; {driver}"]


def report_lines(report: Data, look: str, back: str, reclaim: str, files: list[str]) -> list[str]:
    """What a person needs to know at the end of a run; `look`, `back` and `reclaim` are commands."""
    run = report["run"]
    lines = [
        f"{report['environment']}: {_outcome(report)}",
        f"  run       {run['run_id']}, {duration(report['seconds'])}",
    ]
    if report["phases"]:
        phases = ", ".join(f"{one['name']} {duration(one['seconds'])}" for one in report["phases"])
        lines.append(f"  phases    {phases}")
    lines += _drain_lines(report)
    lines += [f"  report    {path}" for path in files]
    lines.append(f"  look      {look}")
    if run["state"] == "closed" and run["outcome"] == "completed":
        lines.append(f"  go back   {back}   ({run['source']} is on standby as it was)")
    if run["state"] == "closed" and run["outcome"] == "rolled_back":
        lines.append(f"  reclaim   {reclaim}   (brings the sessions that are still on {run['target']})")
    return lines


def _outcome(report: Data) -> str:
    run, release = report["run"], report["release"]
    versions = ", ".join(
        f"{name} {release[key]}"
        for name, key in (("Kubernetes", "kubernetes_version"), ("Agones", "agones_version"))
        if release.get(key)
    )
    what = f"release {run['release']}{f' ({versions})' if versions else ''}"
    if run["outcome"] == "completed":
        return f"moved from {run['source']} to {run['target']}, which serves {what}"
    if run["outcome"] == "rolled_back":
        return f"taken back to {run['source']}; {run['target']} has {what} and does not serve"
    if run["outcome"] == "reclaimed":
        return f"{run['source']} has no session left; {run['target']} serves {what}"
    if run["direction"] == RECLAIM:
        return f"the reclaim of the sessions on {run['source']} by {run['target']} is {run['state']}"
    return f"the move from {run['source']} to {run['target']}, {what}, is {run['state']}"


def _drain_lines(report: Data) -> list[str]:
    drain = report["drain"]
    if not drain["measured"]:
        return ["  sessions  nothing was drained"]
    sessions, players = drain["sessions"], drain["players"]
    outcomes = ("ended_alone", "moved", "interrupted", "forced", "lost")
    counts = ", ".join(f"{sessions[name]} {name.replace('_', ' ')}" for name in outcomes)
    left = f", {sessions['remaining']} left" if sessions["remaining"] else ""
    lines = [f"  sessions  {sessions['total']} on {report['run']['source']}: {counts}{left}"]
    times = players["downtime_seconds"]
    if times["max"] is None:
        return [*lines, "  players   downtime was not measured"]
    shown = ", ".join(f"{name} {times[name]:.1f} s" for name in ("p50", "p95", "p99", "max"))
    return [*lines, f"  players   {players['moved']} moved, {players['returned']} back; downtime {shown}"]


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
