# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The witness: heads of a site's ledger, kept on another host than the ledger.

Whoever is root on the ledger's host can cut off its end or build all of it anew. A head that was seen elsewhere before does not fit any more.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .errors import OpsError
from .files import sync_folder

__all__ = ["FOLDER", "HeadError", "Seen", "alone", "append", "newest", "note", "put_aside", "read", "seen_of"]

FOLDER = Path("/var/lib/traumalink-witness")
TAIL_BYTES = 64 * 1024  # some dozens of heads: those that were told at the same moment stand beside each other
HASH = re.compile(r"[0-9a-f]{64}")


class HeadError(OpsError):
    """A head does not fit what the witness has seen before, or what it keeps cannot be read."""


@dataclass(frozen=True)
class Seen:
    """A head of the ledger (see ledger_chain.Head) as the witness was told it, with its countersignature (SSHSIG, or "")."""

    sequence: int
    hash: str
    at: str
    signature: str = ""

    def line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True) + "\n"


def seen_of(data: Any) -> Seen:
    """Return a head from plain data.

    Raises:
        HeadError: it is none.
    """
    try:
        head = Seen(int(data["sequence"]), str(data["hash"]), str(data["at"]), str(data.get("signature") or ""))
    except (KeyError, TypeError, ValueError):
        raise HeadError(f"{data!r} is no head of a ledger") from None
    if head.sequence < 1 or not HASH.fullmatch(head.hash):
        raise HeadError(f"{data!r} is no head of a ledger")
    return head


def read(site: str, folder: Path = FOLDER) -> list[Seen]:
    """Return the heads that were seen, oldest first.

    A last line without its end is what a killed run left; it was never told as kept, and is passed over.

    Raises:
        HeadError: a line is damaged.
    """
    path = folder / f"{site}.jsonl"
    if not path.exists():
        return []
    heads = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            heads.append(seen_of(json.loads(line)))
        except (HeadError, ValueError):
            raise HeadError(
                f"{path} line {number} is damaged; keep the file, and compare the ledger with the heads before that line"
            ) from None
    return heads


def newest(site: str, folder: Path = FOLDER) -> Seen | None:
    """Return the newest head that was seen, from the end of the file alone, however long it is; None where none was.

    Raises:
        HeadError: the end of the file is damaged.
    """
    path = folder / f"{site}.jsonl"
    if not path.exists():
        return None
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - TAIL_BYTES))
        lines = stream.read().split(b"\n")[:-1]
    if size > TAIL_BYTES:
        del lines[0]  # it began before
    try:
        return max((seen_of(json.loads(line)) for line in lines), key=lambda head: head.sequence, default=None)
    except (HeadError, ValueError):
        raise HeadError(
            f"{path} is damaged near its end; keep the file, and compare the ledger with the heads before"
        ) from None


def put_aside(site: str, now: datetime, folder: Path = FOLDER, *, check: bool = False) -> str:
    """Put all heads of a site aside under a name with the time, since its ledger was begun anew; return that name, "" where there were none."""
    path = folder / f"{site}.jsonl"
    if not path.exists():
        return ""
    # The name of a site holds no "-", so this is no other site's file.
    aside = path.with_name(f"{site}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.jsonl")
    if not check:
        with alone(path):
            while aside.exists():
                aside = aside.with_name(f"{aside.stem}-again.jsonl")
            path.rename(aside)
            sync_folder(folder)
    return aside.name


def note(site: str, heads: Iterable[Seen], folder: Path = FOLDER, *, check: bool = False) -> list[Seen]:
    """Keep heads that are new, durably; return those that were or would be kept.

    Raises:
        HeadError: the witness has seen another hash under the same number, or a later one: the ledger is not the one it was.
    """
    if not check:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(folder / f"{site}.jsonl") if not check else nullcontext():
        return noted(site, heads, folder, check=check)


def noted(site: str, heads: Iterable[Seen], folder: Path, *, check: bool) -> list[Seen]:
    """Do what `note` does, under its lock."""
    seen = {head.sequence: head for head in read(site, folder)}
    last = max(seen, default=0)
    fresh = []
    for head in heads:
        before = seen.get(head.sequence)
        if before is not None and before.hash != head.hash:
            raise HeadError(
                f"the ledger of {site} is not the one it was: entry {head.sequence} had hash {before.hash} at {before.at}, and has {head.hash} now; "
                "stop, keep both, and find out who changed it (traumalink.ops.ledger verifies the chain)"
            )
        # Two operations that close at the same moment may tell their heads in the other order; then the smaller one is older, too.
        if before is None and head.sequence < last and head.at > seen[last].at:
            raise HeadError(
                f"the ledger of {site} is shorter than it was: it ends with entry {head.sequence}, and entry {last} was seen at {seen[last].at}; "
                "stop, keep both, and find out who cut it (traumalink.ops.ledger verifies the chain)"
            )
        if before is None:
            fresh.append(head)
            seen[head.sequence] = head
            last = max(last, head.sequence)
    if fresh and not check:
        append(folder / f"{site}.jsonl", "".join(head.line() for head in fresh))
    return fresh


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until nobody else writes `path`, and keep others away; the lock goes with its process."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def append(path: Path, text: str) -> None:
    """Append whole lines to a file, made with its folder where they are missing; an unfinished last line is cut off first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as stream:
        whole = stream.read()
        stream.truncate(whole.rfind(b"\n") + 1)
        stream.seek(0, os.SEEK_END)
        stream.write(text.encode("utf-8", "surrogateescape"))
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(path.parent)
