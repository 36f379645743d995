# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that a controller kept while ops was away, read one by one: a bad one costs no good one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from .record import Record
from .record_reader import RecordError, read_record

__all__ = ["Imported", "Rejected", "read_lines"]


@dataclass(frozen=True)
class Rejected:
    """A line that did not come in: its number (from 1), and why."""

    line: int
    why: str


@dataclass(frozen=True)
class Imported:
    """What became of a controller's records: run ids that came in, that were there before, what a person should look at, and what is no record."""

    imported: tuple[str, ...]
    known: tuple[str, ...]
    remarks: tuple[str, ...]
    rejected: tuple[Rejected, ...]


def read_lines(lines: Iterable[str]) -> tuple[list[tuple[int, Record]], list[Rejected]]:
    """Return the closed records with the numbers of their lines, and the lines that are none; empty lines are passed over."""
    records, rejected = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = read_record(json.loads(line))
        except (ValueError, RecursionError):
            rejected.append(Rejected(number, "is no JSON"))
        except RecordError as error:
            rejected.append(Rejected(number, str(error)))
        else:
            if record.outcome is None:
                rejected.append(Rejected(number, f"{record.run_id} has no outcome"))
            else:
                records.append((number, record))
    return records, rejected
