# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Positions in the write-ahead log: an LSN, and the segment files it is cut into (PostgreSQL documentation, 30.6 WAL Internals)."""

from __future__ import annotations

import re

from .errors import OpsError

__all__ = [
    "SEGMENT_BYTES", "WalError", "lsn_text", "position", "reaches_segment", "segment_before", "segment_holding", "segment_name", "segment_number", "timeline_of",
]  # fmt: skip

SEGMENT_BYTES = 16 * 1024 * 1024  # initdb's default; Debian's pg_createcluster keeps it
SEGMENTS_PER_HIGH_PART = 0x1_0000_0000 // SEGMENT_BYTES


class WalError(OpsError):
    """A text is no position in the WAL."""


def position(lsn: str) -> int:
    """Return an LSN (`16/B374D848`) as a number of bytes."""
    found = re.fullmatch(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})", lsn)
    if not found:
        raise WalError(f"{lsn!r} is no WAL position; one looks like 16/B374D848")
    return (int(found[1], 16) << 32) + int(found[2], 16)


def lsn_text(number: int) -> str:
    """Return a number of bytes as an LSN, as PostgreSQL writes it."""
    return f"{number >> 32:X}/{number & 0xFFFFFFFF:X}"


def segment_name(timeline: int, number: int) -> str:
    """Return the name of a segment file."""
    return f"{timeline:08X}{number // SEGMENTS_PER_HIGH_PART:08X}{number % SEGMENTS_PER_HIGH_PART:08X}"


def segment_holding(lsn: str, timeline: int) -> str:
    """Return the name of the segment in which a position lies."""
    return segment_name(timeline, position(lsn) // SEGMENT_BYTES)


def segment_before(lsn: str, timeline: int) -> str:
    """Return the name of the segment that ends at a position, or holds what lies before it."""
    return segment_name(timeline, (position(lsn) - 1) // SEGMENT_BYTES)


def timeline_of(name: str) -> int:
    """Return the timeline of a segment file."""
    segment_number(name)
    return int(name[:8], 16)


def segment_number(name: str) -> int:
    """Return the number of a segment file, counted over all high parts: its name is timeline, high and low part, 8 digits each."""
    if not re.fullmatch(r"[0-9A-F]{24}", name):
        raise WalError(f"{name!r} is no WAL segment; one looks like 000000010000000000000007")
    return int(name[8:16], 16) * SEGMENTS_PER_HIGH_PART + int(name[16:24], 16)


def reaches_segment(lsn: str, name: str) -> bool:
    """Tell whether a replay that ended at `lsn` has come into segment `name` at least.

    The last segment of a lost server ends where the server stopped writing, anywhere in the file; so the segment is what counts.
    """
    return position(lsn) >= segment_number(name) * SEGMENT_BYTES
