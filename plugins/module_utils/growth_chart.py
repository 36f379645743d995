# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chart as SVG text: the size of something at times, as a line, and what was added then, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape

__all__ = ["Point", "chart"]

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 70, 10, 28, 30
STEPS = 4
BAR = 6
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True)
class Point:
    """What was at a time: the size of the whole, and what was added (bytes)."""

    at: datetime
    whole_bytes: int
    added_bytes: int


def chart(points: Sequence[Point], zone: tzinfo, whole: str, added: str, font: str = "sans-serif") -> str:
    """Return the SVG of points in the order of time, "" where there is none; `whole` and `added` name line and bars."""
    if not points:
        return ""
    top = ceiling(max(max(point.whole_bytes, point.added_bytes) for point in points))
    first, last = points[0].at.timestamp(), points[-1].at.timestamp()

    def across(point: Point) -> float:
        share = (point.at.timestamp() - first) / (last - first) if last > first else 0.5
        return LEFT + BAR + share * (WIDTH - LEFT - RIGHT - 2 * BAR)

    def down(size: float) -> float:
        return HEIGHT - BOTTOM - size / top * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="11" font-family="{escape(font)}">'
    ]
    for step in range(STEPS + 1):
        size = top * step / STEPS
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down(size):.1f}" y2="{down(size):.1f}" stroke="#ccc"/>'
        )
        parts.append(f'<text x="{LEFT - 6}" y="{down(size) + 4:.1f}" text-anchor="end">{bytes_text(size)}</text>')
    for point in points:
        height = HEIGHT - BOTTOM - down(point.added_bytes)
        parts.append(
            f'<rect x="{across(point) - BAR / 2:.1f}" y="{down(point.added_bytes):.1f}" width="{BAR}" height="{height:.1f}" fill="#8ab"/>'
        )
    line = " ".join(f"{across(point):.1f},{down(point.whole_bytes):.1f}" for point in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#134" stroke-width="2"/>')
    parts.extend(
        f'<circle cx="{across(point):.1f}" cy="{down(point.whole_bytes):.1f}" r="2.5" fill="#134"/>' for point in points
    )
    ends = [(points[0], "start")] if len(points) == 1 else [(points[0], "start"), (points[-1], "end")]
    for point, anchor in ends:
        parts.append(
            f'<text x="{across(point):.1f}" y="{HEIGHT - 10}" text-anchor="{anchor}">{point.at.astimezone(zone):%m-%d}</text>'
        )
    parts.append(
        f'<rect x="{LEFT}" y="6" width="14" height="3" fill="#134"/><text x="{LEFT + 20}" y="12">{escape(whole)}</text>'
    )
    parts.append(
        f'<rect x="{LEFT + 230}" y="3" width="8" height="9" fill="#8ab"/><text x="{LEFT + 244}" y="12">{escape(added)}</text>'
    )
    return "".join(parts) + "</svg>"


def ceiling(size: int) -> float:
    """Return a round number of bytes that is not smaller: its steps have short names."""
    unit = 1.0
    while size / unit >= 1024:
        unit *= 1024
    for steps in (1, 2, 4, 8, 10, 20, 40, 80, 100, 200, 400, 800, 1024):
        if size <= steps * unit:
            return steps * unit
    return 1024 * unit


def bytes_text(size: float) -> str:
    """Return a size for people, such as `1.5 GiB`."""
    for unit in UNITS[:-1]:
        if abs(size) < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} {UNITS[-1]}"
