# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a ledger begins: by itself on a new site only, and anew where somebody says so, with what was there before kept as evidence."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .files import sync_folder
from .ledger import Ledger
from .ledger_check import seen_by, verify
from .ledger_reading import Selection, records
from .ledger_store import ALTERED, DAMAGED, FILE_NAME, LOST, LedgerError, Store
from .record import Artefact, Record, new_run_id

__all__ = ["Begun", "begin"]

BEGUN_AFTER = "begun_after_hash"  # the figure by which a ledger says after which head of the old one it was begun
STEM, SUFFIX = FILE_NAME.split(".")
# SQLite's own files beside the database. They move before it does: what is left of a WAL must never meet another database.
BESIDE = ("-wal", "-shm")


@dataclass(frozen=True)
class Begun:
    """What was done.

    Attributes:
        changed: a ledger was made now.
        anew: the ledger is one that was begun anew after the heads that were given; they belong aside.
        put_aside: the files of the old one, by their new names.
    """

    changed: bool
    anew: bool = False
    put_aside: tuple[str, ...] = ()


def begin(
    folder: Path,
    site: str,
    heads: Sequence[Mapping[str, Any]],
    now: datetime,
    *,
    anew: str = "",
    actor: str = "",
    dry_run: bool = False,
    random: Callable[[], str] | None = None,
) -> Begun:
    """Make the ledger of a site where there has been none. One that is there stays as it is; one that is lost does not come back empty.

    Args:
        heads: what the witness has seen of this site's ledger, each with `sequence` and `hash`.
        anew: the site's name again, where a lost or altered ledger is given up: what is left of it is put aside under a name with the time, and a
            new one begins with a record that says so. What a killed run has begun of that is finished.
        actor: who does that, for the record.

    Raises:
        LedgerError: the ledger is lost (`LOST`), `anew` names another site or gives up a ledger that fits, or a file cannot be written.
    """
    path = folder / FILE_NAME
    newest = max(heads, key=lambda head: int(head["sequence"]), default=None)
    if anew and anew != site:
        raise LedgerError(
            f"ledger_new {anew!r} is not this site; repeat its name, {site}, or leave it away. Nothing was changed."
        )
    if newest is None and not path.exists() and not _aside(folder):
        with Ledger.opened(folder, create=not dry_run, dry_run=dry_run) as ledger:
            return Begun(ledger.store.created)
    if not anew:
        if not path.exists():
            raise LedgerError(_lost(site, path, newest), LOST)
        return Begun(changed=False)
    if path.exists():
        if newest and _begun_after(folder) == newest["hash"]:
            return Begun(changed=False, anew=True)
        _refuse_sound(folder, site, heads)
    if not dry_run:
        _begin_anew(folder, _evidence_record(site, actor, newest, now, random), now)
    return Begun(changed=True, anew=True, put_aside=tuple(file.name for file in _aside(folder)))


def _lost(site: str, path: Path, newest: Mapping[str, Any] | None) -> str:
    known = (
        f"{seen_by(newest)} has seen its entry {newest['sequence']} ({newest['hash']})"
        if newest
        else f"what was put aside of it lies in {path.parent}"
    )
    return (
        f"The ledger of {site} is gone: there is no {path}, and {known}. Bring the file back from where it was moved to, or from a backup of this "
        "host. Where it is lost for good, begin a new one, which says so in its first record: "
        f"traumalink.ops.site -e ledger_new={site}. Nothing was changed."
    )


def _refuse_sound(folder: Path, site: str, heads: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to give up a ledger that is what it was."""
    try:
        with Ledger.opened(folder) as ledger:
            found = verify(ledger.store, [{"sequence": head["sequence"], "hash": head["hash"]} for head in heads])
    except LedgerError as error:
        if error.code in (ALTERED, DAMAGED):
            return
        raise
    if found.fault is None:
        raise LedgerError(
            f"The ledger of {site} is there and fits: {found.entries} entries, {found.kept_to or 'none'} of them vouched for by the witness. No new one "
            "is begun; leave ledger_new away. Nothing was changed."
        )


def _begun_after(folder: Path) -> str:
    """Return the hash after which the ledger that is there was begun anew, "" where it says nothing of that, or holds more than that."""
    try:
        with Ledger.opened(folder) as ledger:
            found = verify(ledger.store)
            begun = records(ledger.store, Selection()) if found.entries == 1 and found.fault is None else []
    except LedgerError:
        return ""
    return str(begun[0]["figures"].get(BEGUN_AFTER, "")) if begun else ""


def _begin_anew(folder: Path, record: Callable[[tuple[Artefact, ...]], Record], now: datetime) -> None:
    """Put the old files aside, then make the new ledger whole under another name and give it its name.

    Killed anywhere in between, the ledger is missing and its files lie aside: the same call again ends with the same evidence.
    """
    path, new = folder / FILE_NAME, folder / f"{FILE_NAME}.new"
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    try:
        for suffix in (*BESIDE, ""):
            old = path.with_name(FILE_NAME + suffix)
            if old.exists():
                old.rename(_free(folder / f"{STEM}-{stamp}.{SUFFIX}{suffix}"))
        for suffix in ("", *BESIDE):  # our own, of a run that was killed
            new.with_name(new.name + suffix).unlink(missing_ok=True)
        artefacts = tuple(_artefact(file) for file in _aside(folder))
        with Store(new, create=True) as store:
            Ledger(store).append(record(artefacts), now)
        if any(new.with_name(new.name + suffix).exists() for suffix in BESIDE):
            raise OSError(errno.ENOSPC, "its text could not be brought into one file")
        new.rename(path)
        sync_folder(folder)
    except OSError as error:
        raise LedgerError(
            f"The ledger cannot be begun anew in {folder} ({error.strerror}); free space there, see that the folder is the ledger's system user's, and run "
            "again. What was put aside stays."
        ) from None


def _free(path: Path) -> Path:
    """Return the path, or the next one by number that is not taken: nothing that was put aside is ever written over."""
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(path.name.replace(f".{SUFFIX}", f"-{number}.{SUFFIX}", 1))
    return found


def _aside(folder: Path) -> list[Path]:
    """Return the files that were put aside, the oldest first; SQLite's index of a WAL holds nothing of its own."""
    return sorted(file for file in folder.glob(f"{STEM}-*.{SUFFIX}*") if not file.name.endswith("-shm"))


def _artefact(file: Path) -> Artefact:
    with file.open("rb") as stream:
        return Artefact(file.name, hashlib.file_digest(stream, "sha256").hexdigest(), file.stat().st_size)


def _evidence_record(
    site: str, actor: str, newest: Mapping[str, Any] | None, now: datetime, random: Callable[[], str] | None
) -> Callable[[tuple[Artefact, ...]], Record]:
    """Return what makes the first record of the new ledger out of what was put aside."""
    figures: dict[str, int | float | str] = {"action": "begun_anew"}
    seen = "the witness had seen no entry of the old one"
    if newest:
        figures |= {"begun_after_sequence": int(newest["sequence"]), BEGUN_AFTER: str(newest["hash"])}
        seen = f"{seen_by(newest)} had seen entry {newest['sequence']} ({newest['hash']}) of the old one"

    def record(artefacts: tuple[Artefact, ...]) -> Record:
        left = ", ".join(artefact.name for artefact in artefacts) or "no file was left of it"
        return Record(
            run_id=random() if random else new_run_id(now),
            site=site,
            verb="ledger",
            actor=actor or "unknown",
            started_at=now,
            ended_at=now,
            outcome="success",
            reason=f"The ledger was begun anew by ledger_new={site}: {seen}; put aside: {left}.",
            clauses=("4.8",),
            figures=figures,
            artefacts=artefacts,
        )

    return record
