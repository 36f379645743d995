# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record: the evidence of one operation, in named fields only, and its one canonical text.

Only what has a field here gets into a record, so a task's arguments, and secrets among them, cannot.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

__all__ = [
    "OUTCOMES",
    "RUN_ID",
    "Approval",
    "Artefact",
    "ByHand",
    "Emergency",
    "Record",
    "Window",
    "canonical",
    "iso",
    "new_run_id",
    "one_line",
]

OUTCOMES = ("success", "failed", "rolled_back", "refused", "interrupted")
MAX_REASON_CHARACTERS = 2000

# A unit's name holds it (traumalink-<run id>.service), and it sorts by time.
RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
UNFIT = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"  # what no line of text may hold


@dataclass(frozen=True)
class Window:
    """What the gate saw: the state, why, and when that changes (None where it does not)."""

    state: str
    reason: str
    next_open: datetime | None
    next_close: datetime | None


@dataclass(frozen=True)
class Approval:
    """The hospital's consent that was used; `subject` is the SHA-256 of a release or plan, empty where the verb needs none, or of the run id of the
    emergency that it was made after; `key` is the fingerprint of the key that signed it, at `made_at`. `document` is what was signed, byte by byte, and
    `signature` its SSH signature with its own line ends. Records of earlier versions lack these four.
    """

    id: str
    approver: str
    subject: str
    valid_from: datetime
    valid_to: datetime
    key: str = ""
    made_at: datetime | None = None
    document: str = ""
    signature: str = ""


@dataclass(frozen=True)
class Emergency:
    """Why the gate was opened without window or approval, and the contact of the contract who said so."""

    reason: str
    by: str


@dataclass(frozen=True)
class Artefact:
    """A file that the operation used or left."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class ByHand:
    """Work that a person did without this software (visit, training, phone consultation, part replaced …)."""

    kind: str
    occurred_at: datetime
    entered_by: str
    summary_zh: str
    summary_en: str


@dataclass(frozen=True)
class Record:
    """One operation. Times are aware, whole seconds; `outcome` and `ended_at` are None while it is open.

    Attributes:
        actor: who started it, on which controller, such as `li.na@controller1`.
        reason: one line: the error, the rule that refused; empty on success.
        rehearsal: the clock was given, so it counts for no obligation.
        figures: numbers or texts by name, with the unit in the name (`size_bytes`, `rpo_seconds`).
        imported: a controller kept it while ops was away.
        kind: what a fault is (fault, change, consultation); empty in all other records.
        opened, responded, resolved: a fault's own times (clauses 3.2, 5.3, 5.7); None in all other records.
    """

    run_id: str
    site: str
    verb: str
    actor: str
    started_at: datetime
    clauses: tuple[str, ...] = ()
    ended_at: datetime | None = None
    outcome: str | None = None
    reason: str = ""
    window: Window | None = None
    approval: Approval | None = None
    emergency: Emergency | None = None
    rehearsal: bool = False
    hosts: tuple[str, ...] = ()
    versions_before: Mapping[str, str] = field(default_factory=dict)
    versions_after: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, int | float | str] = field(default_factory=dict)
    artefacts: tuple[Artefact, ...] = ()
    by_hand: ByHand | None = None
    imported: bool = False
    kind: str = ""
    opened: datetime | None = None
    responded: datetime | None = None
    resolved: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON data with every field, null or empty where there is nothing."""
        plain: dict[str, Any] = _plain(self)
        return plain


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return iso(value)
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(each) for each in value]


def iso(moment: datetime) -> str:
    """Return an aware time as `2026-11-25T03:30:00Z`: UTC, whole seconds, so that texts sort as times."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def canonical(data: object) -> str:
    """Return the one JSON text of plain data: sorted keys, no white space, no escape where UTF-8 has the character."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def new_run_id(now: datetime, random: Callable[[int], str] = secrets.token_hex) -> str:
    """Return a run id for an operation that starts `now`; `random` gives the hexadecimal digits of so many bytes."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{random(3)}"


def one_line(text: str, limit: int = MAX_REASON_CHARACTERS) -> str:
    """Return a text from elsewhere (an error, a person's words) as one line of at most `limit` characters that is UTF-8."""
    line = re.sub(f"[{UNFIT}]", "\ufffd", " ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"
