# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain of the ledger: each entry's hash covers the one before, so one hash stands for everything up to it."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import signature
from .record import canonical
from .signature import SignatureError

__all__ = [
    "GENESIS",
    "HEAD_NAMESPACE",
    "KINDS",
    "Fault",
    "Head",
    "body_of",
    "chained",
    "first_fault",
    "sign_head",
    "signed_by",
]

GENESIS = "0" * 64
KINDS = ("open", "close", "single")
HEAD_NAMESPACE = "traumalink-ledger-head"
SIGNER = "ledger"


@dataclass(frozen=True)
class Head:
    """The end of the chain after an entry: its sequence number (from 1), its hash, and when it was written (ISO 8601 UTC, clock of ops)."""

    sequence: int
    hash: str
    at: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @property
    def statement(self) -> bytes:
        """What is signed: the head as canonical JSON and a line break."""
        return (canonical(self.as_dict()) + "\n").encode("utf-8")


@dataclass(frozen=True)
class Fault:
    """The first entry that does not fit, and in what."""

    sequence: int
    what: str


def body_of(sequence: int, kind: str, record: Mapping[str, Any]) -> str:
    """Return an entry's canonical text."""
    return canonical({"kind": kind, "record": record, "sequence": sequence})


def chained(previous_hash: str, body: str) -> str:
    """Return the hash of an entry: SHA-256 over the hash before, a line break and the body."""
    return hashlib.sha256(f"{previous_hash}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def uses_approval(kind: str, record: Mapping[str, Any]) -> str | None:
    """Return the id of the approval that an entry uses up: an operation's when it is opened, or that of one that ran while ops was away."""
    counts = kind == "open" or (kind == "single" and record["imported"] and record["outcome"] != "refused")
    return str(record["approval"]["id"]) if counts and record["approval"] else None


# sequence, run_id, kind, verb, outcome, started_at, approval, body, previous_hash, hash; hash of its row in `head`
Row = tuple[int, str, str, str, str | None, str, str | None, str, str, str, str | None]


def first_fault(rows: Iterable[Row], kept: Mapping[int, str]) -> tuple[Fault | None, int, str]:
    """Walk entries in their order; return the first that does not fit (or None), and the last that does: its number and hash.

    Args:
        rows: the entries by sequence.
        kept: heads that were kept elsewhere, sequence to hash.
    """
    last, previous = 0, GENESIS
    # The loop is the whole cost of verifying: 200,000 entries are some years of a site.
    for row in rows:
        sequence, _run_id, _kind, _verb, _outcome, _started_at, _approval, body, stored_previous, stored, head = row
        if sequence != last + 1:
            return Fault(last + 1, f"is missing; the next one is {sequence}"), last, previous
        if stored_previous != previous:
            return Fault(sequence, "does not follow the entry before it"), last, previous
        if chained(previous, body) != stored:
            return Fault(sequence, "was changed: its hash is not that of its text"), last, previous
        if head != stored:
            return Fault(sequence, "has another hash than its head"), last, previous
        if sequence in kept and kept[sequence] != stored:
            return Fault(sequence, "has another hash than its head that was kept elsewhere"), last, previous
        wrong = _columns_fault(row)
        if wrong:
            return Fault(sequence, wrong), last, previous
        last, previous = sequence, stored
    beyond = max(kept, default=0)
    if beyond > last:
        return Fault(last + 1, f"is missing: the head of entry {beyond} was kept elsewhere"), last, previous
    return None, last, previous


def _columns_fault(row: Row) -> str:
    sequence, run_id, kind, verb, outcome, started_at, approval, body, _previous, _hash, _head = row
    try:
        content = json.loads(body)
        record = content["record"]
        told = (
            content["sequence"],
            record["run_id"],
            content["kind"],
            record["verb"],
            record["outcome"],
            record["started_at"],
            uses_approval(content["kind"], record),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return "holds no record"
    return (
        ""
        if told == (sequence, run_id, kind, verb, outcome, started_at, approval)
        else "is filed under other words than its text says"
    )


def sign_head(head: Head, key_file: Path) -> str:
    """Return the countersignature (SSHSIG) of a head by a key that does not live on ops.

    Raises:
        SignatureError: the key cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="traumalink-head-") as directory:
        file = Path(directory, "head")
        file.write_bytes(head.statement)
        return signature.sign(file, key_file, HEAD_NAMESPACE).decode("ascii")


def signed_by(head: Head, text: str, public_key: str) -> bool:
    """Tell whether `text` is the signature of the head by `public_key` (type and base64).

    Raises:
        SignatureError: signatures cannot be checked on this host.
    """
    with tempfile.TemporaryFile(prefix="traumalink-head-") as file:
        file.write(head.statement)
        file.flush()
        try:
            signature.verify(
                file, text.encode("utf-8"), f"{SIGNER} {public_key}", HEAD_NAMESPACE, f"head {head.sequence}"
            )
        except SignatureError as error:
            if "missing on this host" in str(error):
                raise
            return False
    return True
