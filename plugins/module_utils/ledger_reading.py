# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the ledger: records by what a person asks for, durations, the whole of it as JSON Lines, and the countersignatures of heads."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .files import sync_folder
from .ledger_store import LedgerError, Store
from .record import canonical, iso
from .signature import MAX_SIGNATURE_BYTES

__all__ = [
    "OPEN",
    "Exported",
    "Selection",
    "durations",
    "export",
    "note_signature",
    "records",
    "write_export",
]

OPEN = "open"  # stands for the outcome of an operation that has none yet

# One record an operation: what closed it, or what opened it while it is open.
CURRENT = "(kind <> 'open' OR NOT EXISTS (SELECT 1 FROM entry AS closing WHERE closing.run_id = entry.run_id AND closing.kind = 'close'))"


@dataclass(frozen=True)
class Selection:
    """Which records: of a verb, started at `since` or later and before `until`, with an outcome (`open`: none yet); None for any."""

    verb: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    outcome: str | None = None


def records(
    store: Store, selection: Selection, accept: Callable[[dict[str, Any]], bool] | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """Return whole records as plain data, the newest first; open operations have the outcome None.

    Of those that `accept` (all without it) lets pass, at most `limit`.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    conditions, values = [CURRENT], []
    for condition, value in (
        ("verb = ?", selection.verb),
        ("started_at >= ?", iso(selection.since) if selection.since else None),
        ("started_at < ?", iso(selection.until) if selection.until else None),
        ("outcome = ?", None if selection.outcome == OPEN else selection.outcome),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if selection.outcome == OPEN:
        conditions.append("outcome IS NULL")
    query = f"SELECT body FROM entry WHERE {' AND '.join(conditions)} ORDER BY started_at DESC, sequence DESC"  # noqa: S608 - constants
    with store.reading():
        found = (json.loads(body)["record"] for (body,) in store.execute(query, tuple(values)))
        return list(itertools.islice(filter(accept, found) if accept else found, limit))


def durations(store: Store, verb: str, limit: int = 200) -> list[float]:
    """Return how long earlier successes of a verb took, in seconds, the newest first; rehearsals do not count."""

    def counts(record: dict[str, Any]) -> bool:
        return not record["rehearsal"] and not record["by_hand"] and record["ended_at"] >= record["started_at"]

    found = records(store, Selection(verb=verb, outcome="success"), counts, limit)
    times = ((datetime.fromisoformat(each["started_at"]), datetime.fromisoformat(each["ended_at"])) for each in found)
    return [(ended - started).total_seconds() for started, ended in times]


def export(store: Store) -> Iterator[str]:
    """Yield every entry as a line of JSON, in the order of the chain, with what it takes to verify it elsewhere."""
    with store.reading():
        for body, previous_hash, hash_ in store.execute(
            "SELECT body, previous_hash, hash FROM entry ORDER BY sequence"
        ):
            yield canonical({**json.loads(body), "previous_hash": previous_hash, "hash": hash_})


@dataclass(frozen=True)
class Exported:
    """An export: how many entries it has, the SHA-256 of the file, and whether the file is another than before."""

    entries: int
    sha256: str
    changed: bool


def write_export(store: Store, path: Path) -> Exported:
    """Write the export to a file, whole or not at all; a dry run only says what it would be.

    Raises:
        LedgerError: the ledger cannot be read, or the file cannot be written.
    """
    digest, entries = hashlib.sha256(), 0
    temporary = path.with_name(f".{path.name}.new")
    try:
        with Path(os.devnull if store.dry_run else temporary).open("wb") as stream:
            for line in export(store):
                data = f"{line}\n".encode()
                digest.update(data)
                stream.write(data)
                entries += 1
            stream.flush()
            if not store.dry_run:
                os.fsync(stream.fileno())
        changed = not path.is_file() or _sha256(path) != digest.hexdigest()
        if not store.dry_run:
            os.replace(temporary, path)  # noqa: PTH105 - the atomic step
            sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise LedgerError(
            f"The export {path} cannot be written ({error.strerror}); choose a folder of the ledger's system user."
        ) from None
    return Exported(entries, digest.hexdigest(), changed)


def note_signature(store: Store, sequence: int, signature: str) -> bool:
    """Keep the countersignature of a head; return whether it is new.

    Raises:
        LedgerError: there is no such head, or the text is no SSH signature.
    """
    if not signature.startswith("-----BEGIN SSH SIGNATURE-----") or len(signature) > MAX_SIGNATURE_BYTES:
        raise LedgerError(
            f"The signature of head {sequence} is no SSH signature; sign the head with ssh-keygen -Y sign."
        )
    with store.writing():
        if not _head(store, sequence):
            raise LedgerError(f"The ledger has no entry {sequence}; nothing was signed.")
        changed = store.execute(
            "UPDATE head SET signature = ?2 WHERE sequence = ?1 AND signature IS NOT ?2", (sequence, signature)
        )
        return changed.rowcount == 1


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _head(store: Store, sequence: int) -> bool:
    return store.execute("SELECT 1 FROM head WHERE sequence = ?", (sequence,)).fetchone() is not None
