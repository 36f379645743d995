# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of a backup when it was taken, kept beside the repository: a drill and a restore must find the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .errors import OpsError
from .files import TextFile, write_text

__all__ = [
    "DRILLS", "PROOFS", "Canary", "Content", "Proof", "ProofError", "Table", "content_of", "parse_proof", "proof_text", "read_proof",
    "read_proofs", "write_proof",
]  # fmt: skip

PROOFS = Path("/var/lib/traumalink-backup/proofs")
DRILLS = Path("/var/lib/traumalink-backup/drills")
MODE = 0o640  # the drill's system user reads it by its group


class ProofError(OpsError):
    """A proof is missing, or its file is damaged."""


@dataclass(frozen=True)
class Canary:
    """A row that was committed to see where it ends up: its id, and a position in the WAL before which its commit lies."""

    id: int
    lsn: str


@dataclass(frozen=True)
class Table:
    """What was counted and summed of a table.

    Attributes:
        rows, sum: number of rows and sum of their hashes (content_sums.py); sum is a whole number of any length.
        percent: of the table's blocks, which are always the same ones; 100 where all were read.
    """

    rows: int
    sum: str
    percent: float = 100.0


@dataclass(frozen=True)
class Content:
    """The content of one database at one position.

    Attributes:
        database: its name.
        lsn: a replay that stops before the first record at or after this position (recovery_target_lsn, not inclusive) has this content.
        tables, sequences: by quoted name, such as `public."Ünï"`. A sequence's value is at least this at that position, since WAL runs ahead
            of it; None where it was never used.
        left_out: tables that could not be read, since they were locked or changed meanwhile.
    """

    database: str
    lsn: str
    tables: Mapping[str, Table]
    sequences: Mapping[str, int | None] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """What was seen of one set.

    Attributes:
        label, type: the set in the repository.
        taken_at: when all of this had been seen, aware, UTC.
        system_id: of the database (initdb's number).
        during, after: rows committed while the set was copied, and after it.
        content: of every database, where the server was quiet long enough to tell; else empty.
        next_xid: transactions below it had begun when the set was complete.
        timeline: on which the set was taken; wal_start, wal_stop: the segments that it needs.
        proven_to: last segment of which was seen that everything up to it is archived.
        database_bytes, repository_bytes: of the set; repository_free_bytes: of the repository's file system then.
        collations, extensions: versions by database and name, where they were asked for.
    """

    label: str
    type: str
    taken_at: datetime
    system_id: int
    during: Canary
    after: Canary
    content: tuple[Content, ...]
    next_xid: int
    timeline: int
    wal_start: str
    wal_stop: str
    proven_to: str
    database_bytes: int
    repository_bytes: int
    repository_free_bytes: int = 0
    collations: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)

    @property
    def full(self) -> str:
        """The label of the full set that this one builds on, or is: the engine's labels begin with it."""
        return self.label.partition("_")[0]


def proof_text(proof: Proof) -> str:
    """Return the proof as the text of its file."""
    plain = asdict(proof)
    plain["taken_at"] = proof.taken_at.astimezone(UTC).isoformat(timespec="seconds")
    plain["canaries"] = {"during": plain.pop("during"), "after": plain.pop("after")}
    return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def parse_proof(text: str) -> Proof:
    """Return the proof that a text describes.

    Raises:
        ProofError: it describes none.
    """
    try:
        plain: dict[str, Any] = json.loads(text)
        canaries = plain.pop("canaries")
        taken_at = datetime.fromisoformat(plain.pop("taken_at"))
        return Proof(
            during=Canary(**canaries["during"]),
            after=Canary(**canaries["after"]),
            content=tuple(content_of(entry) for entry in plain.pop("content")),
            taken_at=taken_at.astimezone(UTC),
            **plain,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ProofError(f"is no proof of a backup ({error!r}): {text[:80]!r}") from None


def content_of(plain: Mapping[str, Any]) -> Content:
    """Return the content that plain data describes."""
    tables = {name: Table(**table) for name, table in plain["tables"].items()}
    left_out = tuple(plain.get("left_out", ()))
    return Content(plain["database"], plain["lsn"], tables, plain.get("sequences", {}), left_out)


def write_proof(proof: Proof, owner: str, folder: Path = PROOFS) -> TextFile:
    """Keep a proof durably, readable for its owner's group; return the file."""
    file = TextFile(folder / f"{proof.label}.json", proof_text(proof), owner=owner, mode=MODE)
    write_text(file)
    return file


def read_proof(label: str, folder: Path = PROOFS) -> Proof:
    """Return the proof of a set.

    Raises:
        ProofError: there is none, or it is damaged.
    """
    path = folder / f"{label}.json"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ProofError(f"{path} cannot be read ({error.strerror}): nothing is proven of backup {label}") from None
    try:
        return parse_proof(text)
    except ProofError as error:
        raise ProofError(f"{path} {error}") from None


def read_proofs(folder: Path = PROOFS) -> dict[str, Proof]:
    """Return the proofs that can be read, by label, oldest first. A damaged one proves nothing, so it is left out."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            found[path.stem] = read_proof(path.stem, folder)
        except ProofError:
            continue
    return found
