# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifying the ledger: whether what is in it is what was written, against heads and a signature that ops cannot forge."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .ledger_chain import Fault, Head, first_fault, signed_by
from .ledger_store import ALTERED, STATEMENTS, LedgerError, Store

__all__ = ["Verification", "kept_heads", "refuse_altered", "seen_by", "verify"]

WALK = """
SELECT sequence, run_id, kind, verb, outcome, started_at, approval, body, previous_hash, entry.hash, head.hash
FROM entry LEFT JOIN head USING (sequence) ORDER BY sequence"""
LEASES = """
SELECT lease.run_id, lease.verb, lease.actor, lease.hosts, lease.since, opened.sequence, opened.body, closed.sequence
FROM lease LEFT JOIN entry AS opened ON opened.run_id = lease.run_id AND opened.kind = 'open'
LEFT JOIN entry AS closed ON closed.run_id = lease.run_id AND closed.kind <> 'open' ORDER BY lease.run_id"""
# Operations that are open hold a lease, and nothing else does.
OPEN_WITHOUT_LEASE = """
SELECT sequence, run_id FROM entry WHERE kind = 'open' AND run_id NOT IN (SELECT run_id FROM lease)
AND run_id NOT IN (SELECT run_id FROM entry WHERE kind = 'close') ORDER BY sequence LIMIT 1"""


@dataclass(frozen=True)
class Verification:
    """How far the ledger fits.

    Attributes:
        entries: how many fit together, from the first on; head: the last of them. Whoever can write the file can build a chain anew,
            so only what kept heads or a countersignature cover is proven.
        fault: the first that does not, None where all do.
        signed_to: up to which entry the countersignature covers the chain, 0 where none does or no key was given.
        kept_to: up to which entry heads that were kept elsewhere cover it.
        remarks: what is no fault, and a person should know.
    """

    entries: int
    head: Head | None
    fault: Fault | None
    signed_to: int
    kept_to: int
    remarks: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """The answer in words."""
        if self.fault is None:
            return f"The ledger's {self.entries} entries fit."
        vouched = f" Heads that were kept elsewhere vouch for the entries up to {self.kept_to}." if self.kept_to else ""
        return (
            f"The ledger was altered: entry {self.fault.sequence} {self.fault.what}.{vouched} Keep the file as it is, and compare it with the "
            "last export."
        )


def kept_heads(heads: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Read heads that were kept elsewhere, each with `sequence` and `hash`, as sequence to hash.

    Raises:
        LedgerError: one is no head, or two of one entry differ.
    """
    kept: dict[int, str] = {}
    for head in heads:
        try:
            sequence, hash_ = int(head["sequence"]), str(head["hash"])
        except (KeyError, TypeError, ValueError):
            raise LedgerError(f"{head!r} is no head; give its sequence and hash as they were kept.") from None
        if kept.setdefault(sequence, hash_) != hash_:
            raise LedgerError(
                f"Two heads of entry {sequence} were kept elsewhere with different hashes ({kept[sequence]} and {hash_}); see which witness is right.",
                ALTERED,
            )
    return kept


def verify(store: Store, heads: Iterable[Mapping[str, Any]] = (), public_key: str | None = None) -> Verification:
    """Walk the whole chain and name the first entry that does not fit.

    Args:
        heads: heads kept elsewhere ({sequence, hash}). Without them a cut end, or a chain that was built anew, fits by itself.
        public_key: the key (type and base64) that countersigns heads.

    Raises:
        LedgerError: the file cannot be read, or a kept head is none.
    """
    kept = kept_heads(heads)
    with store.reading():
        _refuse_other_tables(store, kept)
        store.connection.text_factory = _tolerant
        try:
            fault, last, hash_ = first_fault(store.execute(WALK), kept)
            fault = fault or _stray_head(store, last) or _stray_open(store) or _stray_lease(store, last)
        finally:
            store.connection.text_factory = str
        signed, remarks = 0, []
        if public_key:
            signature_fault, signed = _signature(store, last, public_key)
            fault = fault or signature_fault
            if not fault and signed < last:
                which = f"Entries {signed + 1} to {last} are" if signed + 1 < last else f"Entry {last} is"
                remarks.append(
                    f"{which} not countersigned (yet); the next head that is signed covers what is before it."
                )
        at = store.execute("SELECT at FROM head WHERE sequence = ?", (last,)).fetchone()
    entries = min(last, fault.sequence - 1) if fault else last
    covered = max((sequence for sequence in kept if sequence <= entries), default=0)
    return Verification(entries, Head(last, hash_, at[0]) if at else None, fault, signed, covered, tuple(remarks))


def seen_by(head: Mapping[str, Any]) -> str:
    """Return who has seen a head that was kept elsewhere."""
    return str(head.get("seen_by") or "the witness")


def refuse_altered(store: Store, heads: Collection[Mapping[str, Any]], site: str) -> None:
    """Compare the newest of the heads that were kept elsewhere with the entry of its number; used inside a transaction.

    Raises:
        LedgerError: the entry is missing or has another hash (`ALTERED`), or a head is none.
    """
    kept = kept_heads(heads)
    if not kept:
        return
    newest = max(kept)
    witness = seen_by(next(head for head in heads if int(head["sequence"]) == newest))
    row = store.execute("SELECT hash FROM entry WHERE sequence = ?", (newest,)).fetchone()
    if row and row[0] == kept[newest]:
        return
    if row:
        found = f"is not the one it was: entry {newest} had the hash {kept[newest]} when {witness} saw it, and has {row[0]} now"
    else:
        last = store.execute("SELECT max(sequence) FROM entry").fetchone()[0] or 0
        found = f"is shorter than it was: {witness} has seen entry {newest} ({kept[newest]}), and it ends with entry {last} now"
    raise LedgerError(
        f"The ledger of {site} {found}. Nothing was recorded. Run traumalink.ops.ledger to see the first entry that does not fit, keep the file as "
        f"it is or bring the right one back, and begin anew only with traumalink.ops.site -e ledger_new={site}. Where that was done meanwhile from another "
        "controller, move the head aside that this one keeps (operation_controller_head).",
        ALTERED,
    )


def _refuse_other_tables(store: Store, kept: Mapping[int, str]) -> None:
    """Refuse a file whose tables or guards are not those that it was made with; name the entry that was changed behind them as well."""
    if store.schema() == STATEMENTS:
        return
    store.connection.text_factory = _tolerant
    try:
        fault, last, _hash = first_fault(store.execute(WALK), kept)
        said = f"entry {fault.sequence} {fault.what}" if fault else f"the {last} entries themselves fit"
    except sqlite3.Error as error:
        said = f"its entries cannot be read ({error})"
    finally:
        store.connection.text_factory = str
    raise LedgerError(
        f"The ledger's tables or their guards were altered, and {said}. Restore the file from a backup, and keep this one as evidence.",
        ALTERED,
    )


def _tolerant(raw: bytes) -> str:
    """Read text whatever its bytes: what was altered must be named, not end the walk."""
    return raw.decode("utf-8", "replace")


def _stray_head(store: Store, last: int) -> Fault | None:
    row = store.execute("SELECT min(sequence) FROM head WHERE sequence > ?", (last,)).fetchone()
    return Fault(last + 1, f"is missing: there is a head of entry {row[0]}") if row[0] else None


def _stray_open(store: Store) -> Fault | None:
    row = store.execute(OPEN_WITHOUT_LEASE).fetchone()
    if row:
        return Fault(row[0], f"opened {row[1]}, which was never closed and holds no lease")
    return None


def _stray_lease(store: Store, last: int) -> Fault | None:
    """Find a lease that is of no open operation, or says other than its entry does: it would hold the site, or hide who does."""
    for run_id, verb, actor, hosts, since, opened, body, closed in store.execute(LEASES):
        if opened is None:
            return Fault(closed or last + 1, f"is not the opening of {run_id}, which holds a lease all the same")
        if closed is not None:
            return Fault(closed, f"ended {run_id}, which holds a lease all the same")
        record = json.loads(body)["record"]
        told = {"verb": verb, "actor": actor, "hosts": hosts, "since": since}
        said = {
            "verb": record["verb"],
            "actor": record["actor"],
            "hosts": json.dumps(record["hosts"]),
            "since": record["started_at"],
        }
        other = [name for name in told if told[name] != said[name]]
        if other:
            return Fault(opened, f"opened {run_id}, whose lease names another {', '.join(other)}")
    return None


def _signature(store: Store, last: int, public_key: str) -> tuple[Fault | None, int]:
    """Check the newest countersignature: it covers all entries before it. Closing an operation leaves one; none at all were taken away."""
    row = store.execute(
        "SELECT sequence, hash, at, signature FROM head WHERE signature IS NOT NULL AND sequence <= ? ORDER BY sequence DESC LIMIT 1",
        (last,),
    ).fetchone()
    if not row:
        closed = store.execute(
            "SELECT min(sequence) FROM entry WHERE kind <> 'open' AND sequence <= ?", (last,)
        ).fetchone()
        what = (
            "ended an operation, and no head of the ledger is countersigned; give no key where there has been none yet"
        )
        return (Fault(int(closed[0]), what) if closed[0] else None), 0
    if signed_by(Head(*row[:3]), row[3], public_key):
        return None, int(row[0])
    return Fault(int(row[0]), "has a head whose countersignature is not by the given key"), 0
