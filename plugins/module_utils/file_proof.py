# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of backups of files: of each host the last one that counts, and the last drill of one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from .drill_result import FAILED, SUCCESS
from .errors import OpsError
from .files import TextFile, write_text

__all__ = [
    "FILE_DRILLS",
    "FILE_PROOFS",
    "FileDrill",
    "FileProof",
    "read_file_drills",
    "read_file_proofs",
    "write_drill",
    "write_proof",
]

FILE_PROOFS = Path("/var/lib/traumalink-backup/files")
FILE_DRILLS = Path("/var/lib/traumalink-backup/file_drills")
OWNER, MODE = "root", 0o644  # no secret, and nobody's data: the watch reads it as another user

Kept = TypeVar("Kept", "FileProof", "FileDrill")


@dataclass(frozen=True)
class FileProof:
    """The last backup of a host's files that was read back whole: the snapshot, when it was taken, how many files and bytes went in."""

    host: str
    snapshot: str
    taken_at: datetime
    files: int
    bytes: int


@dataclass(frozen=True)
class FileDrill:
    """The last drill of a host's files.

    Attributes:
        outcome: `success` or `failed`; reason: what was wrong, "" where nothing was.
        seconds: how long bringing them back took; files, bytes: what came back.
    """

    host: str
    snapshot: str
    drilled_at: datetime
    outcome: str
    reason: str
    seconds: float
    files: int
    bytes: int

    @classmethod
    def of(cls, proof: FileProof, now: datetime, seconds: float, files: int, total: int, reason: str) -> FileDrill:
        """Return the drill of a backup; `reason` decides how it ended."""
        return cls(
            proof.host, proof.snapshot, now, FAILED if reason else SUCCESS, reason, round(seconds, 1), files, total
        )


def write_proof(proof: FileProof, folder: Path = FILE_PROOFS, owner: str = OWNER) -> None:
    """Keep a proof in place of the host's earlier one. Raises OpsError where it cannot be written."""
    write(folder / f"{proof.host}.json", asdict(proof), owner)


def write_drill(drill: FileDrill, folder: Path = FILE_DRILLS, owner: str = OWNER) -> None:
    """Keep a drill in place of the host's earlier one. Raises OpsError where it cannot be written."""
    write(folder / f"{drill.host}.json", asdict(drill), owner)


def write(path: Path, plain: Mapping[str, Any], owner: str) -> None:
    """Write plain data durably, times with their offset."""
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise OpsError(f"{path.parent} cannot be made: {error.strerror}") from None
    text = json.dumps(
        plain,
        ensure_ascii=False,
        indent=1,
        sort_keys=True,
        default=lambda at: at.astimezone(UTC).isoformat(timespec="seconds"),
    )
    write_text(TextFile(path, text + "\n", owner, MODE))


def read_file_proofs(folder: Path = FILE_PROOFS) -> dict[str, FileProof]:
    """Return the proofs that can be read, by host. A damaged one proves nothing, so it is left out."""
    return read(folder, lambda plain: FileProof(**{**plain, "taken_at": moment(plain["taken_at"])}))


def read_file_drills(folder: Path = FILE_DRILLS) -> dict[str, FileDrill]:
    """Return the drills that can be read, by host."""
    return read(folder, lambda plain: FileDrill(**{**plain, "drilled_at": moment(plain["drilled_at"])}))


def read(folder: Path, make: Callable[[dict[str, Any]], Kept]) -> dict[str, Kept]:
    """Return what the files of a folder hold, by host."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            kept = make(json.loads(path.read_text(encoding="utf-8")))
        except (AttributeError, KeyError, OSError, TypeError, ValueError):
            continue
        found[kept.host] = kept
    return found


def moment(text: str) -> datetime:
    """Return a time with its offset as UTC. Raises ValueError where it has none: nobody could tell how old it is."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at.astimezone(UTC)
