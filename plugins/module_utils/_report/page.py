# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""A run's report as one HTML page that is complete: no script, no font, no file from elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from html import escape

from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._findings import SLOTS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.report import seconds_between
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._report.summary import duration
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._run.record import RECLAIM
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._types import Data

WIDTH, LEFT, RIGHT = 960, 92, 16
PLOT = WIDTH - LEFT - RIGHT
BAND, CHART, GAP = 22, 110, 26
TICKS = 8
NICE_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
LETTER = 6.4
HISTOGRAM_BARS = 24
ROOM_FOR_TEXT = 120

STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6575; --line: #d8dde5; --paper: #ffffff; --card: #f5f7fa;
  --blue: #2f6fd0; --green: #2a8f57; --phase: #c9d2df; --note: #a5610f; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ee; --soft: #9aa5b5; --line: #353d49; --paper: #14181f;
  --card: #1c222b; --blue: #6ea3f2; --green: #5cc088; --phase: #3a4554; --note: #dda15a; --bad: #f2867e; } }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.45rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; } .soft { color: var(--soft); } .bad { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.4rem, 1fr)); gap: .5rem; margin: 1.2rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .5rem .65rem; }
.tile b { display: block; font-size: 1.15rem; font-weight: 600; white-space: nowrap; }
.tile span { color: var(--soft); font-size: .85rem; }
table { border-collapse: collapse; min-width: 60%; } th, td { text-align: left; padding: .25rem .8rem .25rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; } th { color: var(--soft); font-weight: 500; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: 13px/1.5 ui-monospace, monospace; } pre { background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; padding: .6rem .8rem; overflow-x: auto; white-space: pre-wrap; }
svg { width: 100%; height: auto; display: block; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .soft { fill: var(--soft); } svg .grid { stroke: var(--line); }
svg .note { stroke: var(--note); stroke-dasharray: 3 3; }
svg .blue { fill: var(--blue); } svg .green { fill: var(--green); } svg .phase { fill: var(--phase); }
svg .area { fill-opacity: .22; } svg .line { fill: none; stroke-width: 2; }
svg .line.blue { stroke: var(--blue); } svg .line.green { stroke: var(--green); }
"""

_OUTCOMES = (
    ("ended_alone", "ended with their match"),
    ("moved", "moved by the drain contract"),
    ("interrupted", "interrupted at the deadline"),
    ("forced", "forced (pod deleted)"),
    ("lost", "lost (server or node died)"),
)


def render(report: Data, look: str, back: str) -> str:
    """The page. `look` and `back` are the commands that show how things stand, and that go back."""
    run = report["run"]
    what = "reclaim" if run["direction"] == RECLAIM else f"release {run['release']}"
    title = f"{report['environment']}: {run['source']} to {run['target']}, {what}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">run <code>{escape(run["run_id"])}</code>, {escape(_ending(run))},'
        f" {escape(_clock(report['started_at'], date=True))} to {escape(_clock(report['finished_at']))} UTC</p>",
        _tiles(report),
        "<h2>Timeline</h2>",
        timeline(report),
        _phases(report),
        _drain(report),
        _notes(report),
        "<h2>What next</h2>",
        f"<p>How things stand:</p><pre>{escape(look)}</pre>",
        *([f"<p>Back to {escape(run['source'])}:</p><pre>{escape(back)}</pre>"] if _can_go_back(run) else []),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _can_go_back(run: Data) -> bool:
    return bool(run["outcome"] == "completed" or (run["state"] == "open" and run["direction"] != RECLAIM))


def _ending(run: Data) -> str:
    return str(run["outcome"] or run["state"]).replace("_", " ")


def _tiles(report: Data) -> str:
    drain = report["drain"]
    times, sessions = drain["players"]["downtime_seconds"], drain["sessions"]
    harmed = sessions["interrupted"] + sessions["forced"] + sessions["lost"]
    tiles = [
        (duration(report["seconds"]), "in all"),
        (str(sessions["ended_alone"]), "ended with their match"),
        (str(sessions["moved"]), "sessions moved"),
        (str(harmed), "ended otherwise"),
        (str(drain["players"]["moved"]), "players moved"),
        (_seconds(times["p95"]), "downtime, p95"),
        (_seconds(times["max"]), "downtime, longest"),
    ]
    cells = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(text)}</span></div>' for value, text in tiles
    )
    return f'<div class="tiles">{cells}</div>'


def _seconds(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.1f} s"


def _clock(at: str, date: bool = False) -> str:
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")


def timeline(report: Data) -> str:
    """The run over time: phases, weights, destination, sessions; one SVG with one time axis."""
    span = max(float(report["seconds"]), 1.0)

    def x_of(at: str) -> float:
        return round(LEFT + PLOT * min(max(seconds_between(report["started_at"], at) / span, 0.0), 1.0), 1)

    lines = report["timeline"]
    end = report["finished_at"]
    y, body = 4, []
    body.append(_phase_band(lines["phases"], x_of, y))
    y += BAND + GAP
    for label, points in (("traffic", lines["weights"]), ("destination", lines["routing"])):
        body.append(_share_band(label, points, end, x_of, y))
        y += BAND + GAP // 2
    y += GAP // 2
    body.append(_sessions_chart(lines["sessions"], _counted_until(lines), x_of, y))
    y += CHART
    body.append(_axis(span, y))
    marks = "".join(_note_mark(note, x_of(note["at"]), y) for note in report["notes"])
    return (
        f'<svg viewBox="0 0 {WIDTH} {y + 26}" role="img" aria-label="Timeline of the run">{"".join(body)}{marks}</svg>'
        '<p class="soft">Dashed lines: entries of the log below. Point at a part for its times and figures.</p>'
    )


def _label(text: str, y: float) -> str:
    return f'<text class="soft" x="{LEFT - 8}" y="{y}" text-anchor="end">{escape(text)}</text>'


def _phase_band(segments: Sequence[Data], x_of: Callable[[str], float], y: int) -> str:
    parts = [_label("phase", y + 15)]
    for one in segments:
        left, right = x_of(one["started_at"]), x_of(one["finished_at"])
        width = max(right - left - 1, 1)
        tip = escape(f"{one['name']}: {_clock(one['started_at'])}, {duration(one['seconds'])}")
        box = f'x="{left}" y="{y}" width="{width:.1f}" height="{BAND}" rx="2"'
        parts.append(f'<g><title>{tip}</title><rect class="phase" {box}/>')
        if len(one["name"]) * LETTER + 8 < width:
            parts.append(f'<text x="{left + 5}" y="{y + 15}">{escape(one["name"])}</text>')
        parts.append("</g>")
    return "".join(parts)


def _steps(points: Sequence[Data], end: str) -> Iterable[tuple[Data, str]]:
    """Each point with the time of the next one: a value holds until it changes."""
    nexts = [*(point["at"] for point in points[1:]), end]
    return zip(points, nexts[: len(points)], strict=True)


def _share_band(label: str, points: Sequence[Data], end: str, x_of: Callable[[str], float], y: int) -> str:
    """Shares of the two slots as a band that is filled in proportion."""
    parts = [_label(label, y + 15)]
    if not points:
        parts.append(f'<text class="soft" x="{LEFT}" y="{y + 15}">not moved in this run</text>')
    for point, until in _steps(points, end):
        total = sum(point[slot] for slot in SLOTS) or 1
        left, top = x_of(point["at"]), float(y)
        width = max(x_of(until) - left, 0.5)
        share_text = ", ".join(f"{slot} {100 * point[slot] / total:.0f} %" for slot in SLOTS)
        tip = escape(f"{label} from {_clock(point['at'])}: {share_text}")
        parts.append(f"<g><title>{tip}</title>")
        for slot in SLOTS:
            height = BAND * point[slot] / total
            if height:
                parts.append(
                    f'<rect class="{slot}" x="{left}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
                )
            top += height
        parts.append("</g>")
    return "".join(parts)


def _counted_until(lines: Data) -> str:
    """A count is written when it changes, so it holds to the end of the phase that wrote it, and no longer."""
    last = str(lines["sessions"][-1]["at"]) if lines["sessions"] else ""
    ends = (str(one["finished_at"]) for one in lines["phases"] if one["started_at"] <= last <= one["finished_at"])
    return max(ends, default=last)


def _sessions_chart(points: Sequence[Data], end: str, x_of: Callable[[str], float], y: int) -> str:
    top = max([1, *(int(point[slot]) for point in points for slot in SLOTS)])
    floor = y + CHART
    parts = [_label("sessions", y + 12), _label(str(top), y + 30), _label("0", floor)]
    parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y + 26}" y2="{y + 26}"/>')

    def y_of(value: float) -> float:
        return round(floor - (CHART - 26) * value / top, 1)

    for slot in SLOTS:
        path = [
            f"{x_of(point['at'])},{y_of(point[slot])} {x_of(until)},{y_of(point[slot])}"
            for point, until in _steps(points, end)
        ]
        if path:
            last = points[-1][slot]
            tip = escape(f"sessions on {slot}: {points[0][slot]} at first, {last} at the end")
            left, right = x_of(points[0]["at"]), x_of(end)
            line = " ".join(path)
            parts.append(
                f'<g><title>{tip}</title><polygon class="area {slot}" points="{left},{floor} {line} {right},{floor}"/>'
                f'<polyline class="line {slot}" points="{line}"/></g>'
            )
    for number, slot in enumerate(SLOTS):
        x = WIDTH - RIGHT - 120 + 60 * number
        parts.append(f'<rect class="{slot}" x="{x}" y="{y + 4}" width="10" height="10"/>')
        parts.append(f'<text x="{x + 14}" y="{y + 13}">{slot}</text>')
    counted_from = x_of(points[0]["at"]) if points else WIDTH
    if counted_from - LEFT > ROOM_FOR_TEXT:
        text = "not counted yet" if points else "no sessions were counted in this run"
        parts.append(f'<text class="soft" x="{LEFT + 6}" y="{floor - 8}">{text}</text>')
    return "".join(parts)


def _axis(span: float, y: int) -> str:
    step = next((one for one in NICE_SECONDS if span / one <= TICKS), NICE_SECONDS[-1])
    parts = [f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>']
    for number in range(int(span // step) + 1):
        x = LEFT + PLOT * number * step / span
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 5}"/>')
        text = escape(duration(number * step))
        parts.append(f'<text class="soft" x="{x:.1f}" y="{y + 19}" text-anchor="middle">{text}</text>')
    return "".join(parts)


def _note_mark(note: Data, x: float, height: int) -> str:
    tip = escape(f"{_clock(note['at'])} {note['text']}")
    return f'<g><title>{tip}</title><line class="note" x1="{x}" x2="{x}" y1="0" y2="{height}"/></g>'


def _phases(report: Data) -> str:
    if not report["phases"]:
        return ""
    cells = "".join(f'<th class="n">{escape(one["name"])}</th>' for one in report["phases"])
    times = "".join(f'<td class="n">{escape(duration(one["seconds"]))}</td>' for one in report["phases"])
    return f"<h2>Phases</h2><table><tr>{cells}</tr><tr>{times}</tr></table>"


def _drain(report: Data) -> str:
    drain = report["drain"]
    if not drain["measured"]:
        return "<h2>Sessions</h2><p>Nothing was drained in this run.</p>"
    sessions, players = drain["sessions"], drain["players"]
    rows = "".join(f'<tr><td>{escape(text)}</td><td class="n">{sessions[name]}</td></tr>' for name, text in _OUTCOMES)
    left = f'<tr><td class="bad">still there</td><td class="n">{sessions["remaining"]}</td></tr>'
    table = f"<table>{rows}{left if sessions['remaining'] else ''}</table>"
    times = players["downtime_seconds"]
    figures = ", ".join(f"{name} {_seconds(times[name])}" for name in ("p50", "p95", "p99", "max"))
    people = (
        f"<p>{players['moved']} players moved, {players['returned']} are back, {players['away']} have not come back. "
        f"Downtime, from losing a session to playing again: {escape(figures)}.</p>"
    )
    return (
        f"<h2>Sessions of {escape(report['run']['source'])}</h2>{table}"
        f"<h2>Players</h2>{people}{_histogram(drain['downtimes_seconds'])}"
    )


def _histogram(values: Sequence[float]) -> str:
    """How many players were away for how long."""
    if not values:
        return ""
    longest = max([*values, 0.5])
    step = next(one for one in (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600) if longest / one <= HISTOGRAM_BARS)
    counts = [0] * (int(longest / step) + 1)
    for value in values:
        counts[int(value / step)] += 1
    highest, width = max(counts), PLOT / len(counts)
    parts = [_label("players", 14), _label(str(highest), 32), _label("0", CHART)]
    for number, count in enumerate(counts):
        height = (CHART - 28) * count / highest
        tip = escape(f"{number * step:g} to {(number + 1) * step:g} s: {count} players")
        x = LEFT + width * number
        parts.append(
            f'<g><title>{tip}</title><rect class="phase" x="{x + 1:.1f}" y="{CHART - height:.1f}" '
            f'width="{width - 2:.1f}" height="{height:.1f}"/></g>'
        )
        if number % max(1, len(counts) // TICKS) == 0:
            parts.append(
                f'<text class="soft" x="{x:.1f}" y="{CHART + 17}" text-anchor="middle">{number * step:g} s</text>'
            )
    parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{CHART}" y2="{CHART}"/>')
    return f'<svg viewBox="0 0 {WIDTH} {CHART + 24}" role="img" aria-label="Downtime per player">{"".join(parts)}</svg>'


def _notes(report: Data) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(_clock(note['at']))}</code></td><td>{escape(note['text'])}</td></tr>"
        for note in report["notes"]
    )
    return f"<h2>Log</h2><table>{rows}</table>" if rows else ""
