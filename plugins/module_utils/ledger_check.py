# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifying the ledger: whether what is in it is what was written, against heads and a signature that ops cannot forge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .ledger_chain import Fault, Head, first_fault, signed_by
from .ledger_store import STATEMENTS, LedgerError, Store

__all__ = ["Verification", "kept_heads", "verify"]

WALK = """
SELECT sequence, run_id, kind, verb, outcome, started_at, approval, body, previous_hash, entry.hash, head.hash
FROM entry LEFT JOIN head USING (sequence) ORDER BY sequence"""
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
    """

    entries: int
    head: Head | None
    fault: Fault | None
    signed_to: int
    kept_to: int

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
                f"Two heads of entry {sequence} were kept elsewhere with different hashes; see which witness is right."
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
        if store.schema() != STATEMENTS:
            raise LedgerError(
                "The ledger's tables or their guards were altered; restore the file from a backup, and keep this one as evidence."
            )
        store.connection.text_factory = _tolerant
        try:
            fault, last, hash_ = first_fault(store.execute(WALK), kept)
        finally:
            store.connection.text_factory = str
        fault = fault or _stray_head(store, last) or _stray_open(store)
        signed = 0
        if public_key:
            signature_fault, signed = _signature(store, last, public_key)
            fault = fault or signature_fault
        at = store.execute("SELECT at FROM head WHERE sequence = ?", (last,)).fetchone()
    entries = min(last, fault.sequence - 1) if fault else last
    covered = max((sequence for sequence in kept if sequence <= entries), default=0)
    return Verification(entries, Head(last, hash_, at[0]) if at else None, fault, signed, covered)


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


def _signature(store: Store, last: int, public_key: str) -> tuple[Fault | None, int]:
    """Check the newest countersignature: it covers all entries before it."""
    row = store.execute(
        "SELECT sequence, hash, at, signature FROM head WHERE signature IS NOT NULL AND sequence <= ? ORDER BY sequence DESC LIMIT 1",
        (last,),
    ).fetchone()
    if not row:
        return None, 0
    if signed_by(Head(*row[:3]), row[3], public_key):
        return None, int(row[0])
    return Fault(int(row[0]), "has a head whose countersignature is not by the given key"), 0
