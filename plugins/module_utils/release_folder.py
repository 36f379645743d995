# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of an unpacked release: laid down whole by renaming a synced folder, and compared with its manifest."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from .archive import Limits, sync_directory, unpack
from .errors import OpsError
from .manifest import MANIFEST_NAME, Manifest, read_manifest

__all__ = [
    "ReleaseError",
    "digest_of",
    "is_whole",
    "lay_down",
    "leftovers",
    "manifest_of",
    "needed_bytes",
    "remove",
    "tidy",
]

CHUNK_BYTES = 1024 * 1024
# Room that stays free on the disk after unpacking.
SPARE_BYTES = 64 * 1024 * 1024
TEMPORARY_PREFIX = ".unpacking-"
REMOVED_PREFIX = ".removing-"


class ReleaseError(OpsError):
    """A release cannot be staged or activated; what runs was not touched."""


def digest_of(data: IO[bytes]) -> str:
    """Return the SHA-256 of an open file."""
    data.seek(0)
    digest = hashlib.sha256()
    while chunk := data.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def lay_down(
    releases: Path, slots: Iterable[Path], data: IO[bytes], what: str, manifest: Manifest, limits: Limits | None = None
) -> None:
    """Unpack the verified archive `data` into `releases/<version>`, whole or not at all.

    `slots` are the links that may point to a release: a folder that one of them points to is never taken away.

    Raises:
        ReleaseError: the disk is full, or the folder is in use with other files.
    """
    releases.mkdir(parents=True, exist_ok=True, mode=0o755)
    tidy(releases)
    final = releases / manifest.version
    if final.exists():
        # Unpacked by a run that was killed before it could record it, or the register was lost.
        if is_whole(final, manifest):
            return
        if any(slot.exists() and slot.samefile(final) for slot in slots):
            raise ReleaseError(f"{final} is in a slot and its files are not those of {what}; look who changed them.")
        remove(final)
    needed = needed_bytes(manifest)
    if (free_bytes := shutil.disk_usage(releases).free) < needed:
        raise ReleaseError(
            f"{what} needs {needed // 1024**2} MiB in {releases}, where {free_bytes // 1024**2} MiB are free. Make room "
            "and run again; nothing was unpacked."
        )
    temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=releases))
    try:
        unpack(data, what, temporary, limits)
        temporary.rename(final)
        sync_directory(releases)
    except OSError as error:
        _remove(temporary)
        reason = "the disk is full" if error.errno == errno.ENOSPC else str(error)
        raise ReleaseError(
            f"{what} could not be unpacked in {releases}: {reason}. What was written is removed."
        ) from None
    except BaseException:
        _remove(temporary)
        raise


def needed_bytes(manifest: Manifest) -> int:
    """Return the room that unpacking a release needs, with what stays free afterwards."""
    return sum(file.size_bytes for file in manifest.files) + SPARE_BYTES


def manifest_of(folder: Path) -> Manifest:
    """Return the manifest that lies in the folder of an unpacked release.

    Raises:
        ReleaseError: it cannot be read, or is none.
    """
    path = folder / MANIFEST_NAME
    try:
        return read_manifest(json.loads(path.read_text(encoding="utf-8")), packed=True)
    except (OSError, ValueError, OpsError) as error:
        raise ReleaseError(
            f"{path} cannot be read ({error}); somebody changed it. Stage this release again from its archive."
        ) from None


def leftovers(releases: Path) -> list[Path]:
    """Return what unpackings and removals have left that were killed."""
    return sorted([*releases.glob(f"{TEMPORARY_PREFIX}*"), *releases.glob(f"{REMOVED_PREFIX}*")])


def tidy(releases: Path) -> None:
    """Remove what killed unpackings and removals have left."""
    for leftover in leftovers(releases):
        _remove(leftover)


def remove(folder: Path) -> None:
    """Remove the folder of a release: away from its place at once, so that half a release is never found there."""
    aside = folder.with_name(f"{REMOVED_PREFIX}{folder.name}")
    if aside.exists():
        _remove(aside)
    folder.rename(aside)
    sync_directory(folder.parent)
    _remove(aside)


def is_whole(folder: Path, manifest: Manifest) -> bool:
    """Tell whether `folder` holds exactly the files of `manifest` (besides the manifest itself), to the byte."""
    expected = {file.path: file.sha256 for file in manifest.files}
    found = {
        str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    }
    if found.keys() != expected.keys() | {MANIFEST_NAME} or any(path.is_symlink() for path in found.values()):
        return False
    for path, sha256 in expected.items():
        with found[path].open("rb") as data:
            if digest_of(data) != sha256:
                return False
    return True


def _remove(folder: Path) -> None:
    """Remove a folder of read-only folders (root needs no write bit, a test's user does)."""
    for inner, _folders, _files in os.walk(folder):
        Path(inner).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
