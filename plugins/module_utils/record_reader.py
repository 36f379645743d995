# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading plain data as a record: every fault is named by its path, and nothing that has no field gets in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from .errors import CodedError
from .reader import Reader
from .record import OUTCOMES, RUN_ID, UNFIT, Approval, Artefact, ByHand, Emergency, Record, Window, canonical, one_line
from .signature import FINGERPRINT

__all__ = ["WRONG_RECORD", "RecordError", "read_record"]

WRONG_RECORD = "wrong_record"

WINDOW_STATES = ("open", "closed", "frozen", "unknown")
MAX_RECORD_BYTES = 256 * 1024
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")
LINE = re.compile(f"[^{UNFIT}]{{1,500}}")
LINE_MEANING = "one line of at most 500 characters"
# What an approval keeps as proof: its document is one line of canonical JSON, its signature has lines of its own (PROTOCOL.sshsig of OpenSSH).
DOCUMENT = re.compile(f"[^{UNFIT}]{{1,8000}}")
SIGNATURE = re.compile(r"-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=]{1,76}\n){1,200}-----END SSH SIGNATURE-----\n")
NAME_MEANING = "lower-case letters, digits and _, a letter first"


class RecordError(CodedError):
    """The data is no record; the message names every fault by its path."""

    code = WRONG_RECORD


def read_record(data: object) -> Record:
    """Read plain data as a record; fields that are not there are null or empty.

    A reason is made one line whatever it holds: an operation must not lose its evidence over the words of an error.

    Raises:
        RecordError: naming every fault by its path, all of them at once.
    """
    faults: list[str] = []
    record = _read(_RecordReader(data, "", faults))
    if not faults:
        size_bytes = len(canonical(record.as_dict()).encode("utf-8"))
        if size_bytes > MAX_RECORD_BYTES:
            faults.append(f"the record has {size_bytes} bytes of {MAX_RECORD_BYTES}; put long lists into an artefact")
    if faults:
        raise RecordError(f"The record is wrong: {'; '.join(faults)}. Nothing was written; correct these fields.")
    return record


class _RecordReader(Reader):
    """A reader that also knows times, lines, names with values, and parts that may be null."""

    def line(self, key: str) -> str:
        return self.text(key, LINE, LINE_MEANING)

    def words(self, key: str) -> str:
        value = self._take(key)
        if value is not None and not isinstance(value, str):
            self.fault(key, f"must be text, not {value!r}; put it in quotes")
        return one_line(value) if isinstance(value, str) else ""

    def time(self, key: str) -> datetime:
        """Return a required time."""
        if self.data.get(key) is None:
            self.fault(key, "is missing")
        return self.optional_time(key) or datetime.min.replace(tzinfo=UTC)

    def optional_name(self, key: str) -> str:
        """Return a name, or "" where there is none."""
        value = self._take(key)
        return "" if value in (None, "") else self._text(key, value, NAME, NAME_MEANING)

    def optional_time(self, key: str) -> datetime | None:
        value = self._take(key)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None and moment.astimezone(UTC).year >= 2000:
                return moment.astimezone(UTC).replace(microsecond=0)
        except (TypeError, ValueError, OverflowError):
            pass
        self.fault(key, f"{value!r} must be a time with its offset from UTC such as 2026-11-25T03:30:00Z")
        return None

    def part(self, key: str) -> _RecordReader | None:
        """Return a reader of a mapping, or None where there is none."""
        value = self._take(key)
        return None if value is None else _RecordReader(value, self.at(key), self.faults)

    def values(self, key: str, pattern: re.Pattern[str], meaning: str) -> dict[str, Any]:
        """Return a mapping of names that match `pattern`."""
        value = self._take(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fault(key, f"must be a mapping, not {value!r}")
            return {}
        for name in value:
            if not isinstance(name, str) or not pattern.fullmatch(name):
                self.fault(key, f"the name {name!r} must be {meaning}")
        return value

    def versions(self, key: str) -> dict[str, str]:
        values = self.values(key, LINE, LINE_MEANING)
        for name, value in values.items():
            self._text(f"{key}.{name}", value, LINE, LINE_MEANING)
        return values

    def figures(self, key: str) -> dict[str, int | float | str]:
        values = self.values(key, NAME, NAME_MEANING)
        for name, value in values.items():
            # Beyond 2^53 other readers of JSON round; NaN and infinity are no JSON at all (both fail the comparison).
            number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53
            if not number and not (isinstance(value, str) and LINE.fullmatch(value)):
                self.fault(f"{key}.{name}", f"must be a number below 2^53 or {LINE_MEANING}, not {value!r}")
        return values


def _read(root: _RecordReader) -> Record:
    record = Record(
        run_id=root.text("run_id", RUN_ID, "a UTC time and six hexadecimal digits such as 20261125-033000-3f9a2c"),
        site=root.text("site", NAME, NAME_MEANING),
        verb=root.text("verb", NAME, NAME_MEANING),
        actor=root.line("actor"),
        started_at=root.time("started_at"),
        clauses=root.texts("clauses", LINE, LINE_MEANING),
        ended_at=root.optional_time("ended_at"),
        outcome=root.choice("outcome", OUTCOMES) if root.has("outcome") else None,
        reason=root.words("reason"),
        window=_window(root.part("window")),
        approval=_approval(root.part("approval")),
        emergency=_emergency(root.part("emergency")),
        rehearsal=root.flag("rehearsal", default=False),
        hosts=root.texts("hosts", LINE, LINE_MEANING),
        versions_before=root.versions("versions_before"),
        versions_after=root.versions("versions_after"),
        figures=root.figures("figures"),
        artefacts=tuple(_artefact(entry) for entry in root.entries("artefacts")),
        by_hand=_by_hand(root.part("by_hand")),
        imported=root.flag("imported", default=False),
        kind=root.optional_name("kind"),
        opened=root.optional_time("opened"),
        responded=root.optional_time("responded"),
        resolved=root.optional_time("resolved"),
    )
    if root.has("outcome") != root.has("ended_at"):
        root.fault("outcome", "and ended_at belong together: both while it is closed, none while it is open")
    root.nothing_else("outcome")
    return record


def _window(part: _RecordReader | None) -> Window | None:
    if part is None:
        return None
    window = Window(
        state=part.choice("state", WINDOW_STATES),
        reason=part.words("reason"),
        next_open=part.optional_time("next_open"),
        next_close=part.optional_time("next_close"),
    )
    part.nothing_else()
    return window


def _approval(part: _RecordReader | None) -> Approval | None:
    if part is None:
        return None
    approval = Approval(
        id=part.line("id"),
        approver=part.line("approver"),
        subject=part.text("subject", SHA256, "64 hexadecimal digits") if part.data.get("subject") != "" else "",
        valid_from=part.time("valid_from"),
        valid_to=part.time("valid_to"),
        key=part.text("key", FINGERPRINT, "a fingerprint: SHA256:…") if part.data.get("key") else "",
        made_at=part.optional_time("made_at"),
        document=part.text("document", DOCUMENT, "one line of at most 8000 characters")
        if part.data.get("document")
        else "",
        signature=part.text("signature", SIGNATURE, "an SSH signature with its line ends")
        if part.data.get("signature")
        else "",
    )
    part.nothing_else("subject", "key", "document", "signature")
    return approval


def _emergency(part: _RecordReader | None) -> Emergency | None:
    if part is None:
        return None
    emergency = Emergency(reason=part.words("reason"), by=part.line("by"))
    if not emergency.reason:
        part.fault("reason", "is missing; say why the gate was opened")
    part.nothing_else()
    return emergency


def _artefact(part: Reader) -> Artefact:
    artefact = Artefact(
        name=part.text("name", LINE, LINE_MEANING),
        sha256=part.text("sha256", SHA256, "64 hexadecimal digits"),
        size_bytes=int(part.number("size_bytes", whole=True)),
    )
    part.nothing_else()
    return artefact


def _by_hand(part: _RecordReader | None) -> ByHand | None:
    if part is None:
        return None
    by_hand = ByHand(
        kind=part.text("kind", NAME, NAME_MEANING),
        occurred_at=part.time("occurred_at"),
        entered_by=part.line("entered_by"),
        summary_zh=part.words("summary_zh"),
        summary_en=part.words("summary_en"),
    )
    if not by_hand.summary_zh and not by_hand.summary_en:
        part.fault("summary_zh", "and summary_en are both empty; write at least one")
    part.nothing_else()
    return by_hand
