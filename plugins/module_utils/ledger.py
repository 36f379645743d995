# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: every operation's evidence, in a chain that cannot be altered unnoticed, and who may work on the site now.

Each method is one transaction: when it returns, what it says is on disk; when it raises, nothing was recorded. `now` is the clock of ops.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .as_opened import other_than, unapproved
from .lease import MODES, Busy, Lease, Leases, Unsettled
from .ledger_chain import GENESIS, Head, body_of, chained, uses_approval
from .ledger_check import refuse_altered
from .ledger_import import Imported, Rejected, read_lines
from .ledger_store import FILE_NAME, LedgerError, Store
from .record import Record, canonical, iso, one_line

__all__ = ["Acquired", "Ledger"]


@dataclass(frozen=True)
class Acquired:
    """The operation is open: its entry is the head of the chain."""

    head: Head
    settled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stored:
    """An entry that is there."""

    head: Head
    kind: str
    record: Mapping[str, Any]


class Ledger:
    """One site's ledger; see `opened`. `added` counts the entries that were written through it."""

    def __init__(self, store: Store, witnessed: Collection[Mapping[str, Any]] = ()) -> None:
        self.store = store
        self.witnessed = witnessed
        self.leases = Leases(store)
        self.added = 0

    @classmethod
    @contextmanager
    def opened(
        cls,
        directory: Path,
        *,
        create: bool = False,
        dry_run: bool = False,
        witnessed: Collection[Mapping[str, Any]] = (),
    ) -> Iterator[Ledger]:
        """Open the ledger in `directory`; with `dry_run` nothing that is done to it stays.

        `witnessed` are heads that were kept elsewhere ({sequence, hash}); to a ledger that does not hold them nothing is added.

        Raises:
            LedgerError: there is none (unless `create`), or it cannot be opened.
        """
        with Store(directory / FILE_NAME, create=create, dry_run=dry_run) as store:
            yield cls(store, witnessed)

    def acquire(
        self,
        record: Record,
        mode: str,
        lease_seconds: float,
        now: datetime,
        settled: Mapping[str, str] | None = None,
        ending: Collection[str] = (),
    ) -> Acquired | Busy | Unsettled:
        """Open an operation, unless others hold the site or have died and were not settled. The same call again gives the same answer.

        Args:
            mode: `exclusive` runs beside nothing, `shared` beside other shared ones, `none` beside anything; all hold a lease.
            lease_seconds: how long the operation may go without renewing; the grace later (see `lease`) it counts as dead.
            settled: operations whose units on the hosts the caller has ended, run id to the reason in words. They are closed as
                `interrupted`, whatever the answer is. One that has renewed its lease meanwhile lives, and is left alone.
            ending: those of `settled` that are ended although they hold their lease (a restore ends a backup).

        Raises:
            LedgerError: the approval or the run id was used before, the record is closed already, it says that an emergency was approved, or a
                witnessed head is not there.
        """
        if mode not in MODES or lease_seconds <= 0:
            raise LedgerError(
                f"mode {mode!r} must be one of {', '.join(MODES)}, lease_seconds {lease_seconds} more than 0."
            )
        if record.outcome is not None:
            raise LedgerError(
                f"{record.run_id} has the outcome {record.outcome} before it was opened; open it without one."
            )
        _refuse_unapproved(record.as_dict(), None)
        with self._adding(record.site):
            ended = self._settle(settled or {}, ending, now)
            known = self._known(record)
            self._refuse_used_approval(record)
            others = tuple(lease for lease in self.leases.all() if lease.run_id != record.run_id)
            expired = tuple(lease for lease in others if lease.expires_at <= now)
            # What runs beside anything waits for nobody: a fault is recorded also while a dead host cannot be settled.
            if expired and mode != "none":
                return Unsettled(expired, ended)
            holders = tuple(lease for lease in others if lease.conflicts(mode, record.verb))
            if holders:
                return Busy(holders, ended)
            head = known.head if known else self._add("open", record.as_dict(), now)
            self.leases.take(record, mode, lease_seconds, now)
            return Acquired(head, ended)

    def renew(self, run_id: str, lease_seconds: float, now: datetime) -> bool:
        """Prolong an operation's lease; False says that it was settled by somebody else, so its work must stop."""
        with self.store.writing():
            return self.leases.renew(run_id, lease_seconds, now)

    def close(self, record: Record, now: datetime) -> Head:
        """Close an operation with its whole record. The same call again gives the same head.

        Raises:
            LedgerError: it was never opened, was opened as something else, or was closed otherwise meanwhile.
        """
        if record.outcome is None:
            raise LedgerError(f"{record.run_id} has no outcome; close it with one.")
        with self._adding(record.site):
            opened, data = self._stored(record.run_id, "open"), record.as_dict()
            if opened is None:
                raise LedgerError(
                    f"{record.run_id} was never opened; append it, or import it where a controller kept it."
                )
            closed = self._stored(record.run_id, "close")
            if closed:
                return _same(closed, data)
            return self._close(opened.record, data, now)

    def append(self, record: Record, now: datetime) -> Head:
        """Add the record of an operation that held no lease: refused, or done by hand. The same call again gives the same head.

        Raises:
            LedgerError: it has no outcome, another record has its run id, or it says that an emergency was approved.
        """
        if record.outcome is None:
            raise LedgerError(f"{record.run_id} has no outcome; append it with one, or open it.")
        _refuse_unapproved(record.as_dict(), None)
        with self._adding(record.site):
            known = self._stored(record.run_id)
            return _same(known, record.as_dict()) if known else self._add("single", record.as_dict(), now)

    def import_records(self, lines: Iterable[str], now: datetime) -> Imported:
        """Take in the records (JSON Lines) that a controller kept while ops was away; those that are there already are left alone.

        An operation that was opened here is closed by its record. A record that contradicts what was written here meanwhile stays out,
        with a remark: the chain says what was known then. A line that is no closed record, not the end of what was opened, or says that an emergency was approved
        without having been opened here with that approval, is rejected alone.

        Raises:
            LedgerError: the ledger takes nothing in now; nothing was imported.
        """
        records, rejected = read_lines(lines)
        imported, known, remarks = [], [], []
        with self._adding(records[0][1].site if records else ""):
            for line, record in records:
                data = replace(record, imported=True).as_dict()
                there = self._stored(record.run_id)
                if there and there.kind == "open":
                    other = other_than(there.record, data)
                    why = (
                        f"{record.run_id} was opened with another {other}" if other else unapproved(data, there.record)
                    )
                    if why:
                        rejected.append(Rejected(line, why))
                        continue
                    self._close(there.record, data, now)
                elif there:
                    known.append(record.run_id)
                    if {**data, "imported": there.record["imported"]} != there.record:
                        remarks.append(
                            f"{record.run_id} is here with the outcome {there.record['outcome']}; what the controller kept says {record.outcome}"
                        )
                    continue
                elif why := unapproved(data, None):
                    rejected.append(Rejected(line, why))
                    continue
                else:
                    used = record.approval and self._user_of(record.approval.id)
                    if used and record.outcome != "refused":
                        remarks.append(f"{record.run_id} used the approval that {used} had used")
                    self._add("single", data, now)
                imported.append(record.run_id)
        return Imported(tuple(imported), tuple(known), tuple(remarks), tuple(rejected))

    def operations(self) -> tuple[Lease, ...]:
        """Return the operations that are open, the oldest first, whether their leases have expired or not."""
        with self.store.reading():
            return self.leases.all()

    @contextmanager
    def _adding(self, site: str) -> Iterator[None]:
        """One transaction that adds entries: to the ledger that it was, or none."""
        with self.store.writing():
            refuse_altered(self.store, self.witnessed, site)
            yield

    def _settle(self, settled: Mapping[str, str], ending: Collection[str], now: datetime) -> tuple[str, ...]:
        ended = []
        alive = {lease.run_id for lease in self.leases.all() if lease.expires_at > now}
        for run_id, reason in settled.items():
            if run_id in alive and run_id not in ending:
                continue
            opened = self._stored(run_id, "open")
            if opened and not self._stored(run_id, "close"):
                closing = {"outcome": "interrupted", "reason": one_line(reason), "ended_at": iso(now)}
                self._close(opened.record, {**opened.record, **closing}, now)
                ended.append(run_id)
            self.leases.drop(run_id)
        return tuple(ended)

    def _close(self, opened: Mapping[str, Any], data: Mapping[str, Any], now: datetime) -> Head:
        other = other_than(opened, data)
        if other:
            raise LedgerError(f"{data['run_id']} was opened with another {other}; close it as it was opened.")
        _refuse_unapproved(data, opened)
        self.leases.drop(data["run_id"])
        return self._add("close", data, now)

    def _known(self, record: Record) -> Stored | None:
        """Return the operation's own entry where this call comes again."""
        known = self._stored(record.run_id)
        if known and (known.kind != "open" or known.record != record.as_dict()):
            raise LedgerError(
                f"The run id {record.run_id} was used before ({known.record['verb']}, entry {known.head.sequence}); start anew with a new one."
            )
        return known

    def _refuse_used_approval(self, record: Record) -> None:
        used = record.approval and self._user_of(record.approval.id)
        if record.approval and used and used != record.run_id:
            raise LedgerError(
                f"The approval {record.approval.id} was used by {used}; ask {record.approval.approver} for a new one."
            )

    def _user_of(self, approval: str) -> str | None:
        row = self.store.execute(
            "SELECT run_id FROM entry WHERE approval = ? ORDER BY sequence LIMIT 1", (approval,)
        ).fetchone()
        return str(row[0]) if row else None

    def _stored(self, run_id: str, kind: str | None = None) -> Stored | None:
        """Return the last entry of a run, or its entry of one kind."""
        row = self.store.execute(
            "SELECT sequence, entry.hash, at, kind, body FROM entry JOIN head USING (sequence)"
            " WHERE run_id = ? AND (?2 IS NULL OR kind = ?2) ORDER BY sequence DESC LIMIT 1",
            (run_id, kind),
        ).fetchone()
        return Stored(Head(*row[:3]), row[3], json.loads(row[4])["record"]) if row else None

    def _add(self, kind: str, data: Mapping[str, Any], now: datetime) -> Head:
        last = self.store.execute("SELECT sequence, hash FROM entry ORDER BY sequence DESC LIMIT 1").fetchone()
        sequence, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
        body = body_of(sequence, kind, data)
        head = Head(sequence, chained(previous, body), iso(now))
        filed = (data["run_id"], kind, data["verb"], data["outcome"], data["started_at"], uses_approval(kind, data))
        self.store.execute(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (sequence, *filed, body, previous, head.hash)
        )
        self.store.execute("INSERT INTO head (sequence, hash, at) VALUES (?, ?, ?)", (sequence, head.hash, head.at))
        self.added += 1
        return head


def _refuse_unapproved(data: Mapping[str, Any], opened: Mapping[str, Any] | None) -> None:
    if why := unapproved(data, opened):
        raise LedgerError(f"{why} Nothing was written.")


def _same(stored: Stored, data: Mapping[str, Any]) -> Head:
    """Return the head of what is there when it is the same: the answer to the first call was lost."""
    if canonical(stored.record) == canonical(data):
        return stored.head
    told = stored.record
    if told["outcome"] == "interrupted":
        raise LedgerError(
            f"{told['run_id']} was closed as interrupted at {stored.head.at} ({told['reason']}); whoever settled it has gone on, so stop and look."
        )
    raise LedgerError(
        f"{told['run_id']} stands in the ledger already, as {told['outcome'] or 'open'} (entry {stored.head.sequence})."
    )
