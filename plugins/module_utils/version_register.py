# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version register of a host (clause 2.5): every version of every application that came here, its programs and its documents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .manifest import Manifest, version_key
from .release_folder import ReleaseError, is_whole, manifest_of
from .release_places import Places
from .slots import SLOTS, Register

__all__ = ["KeptDocument", "Program", "Version", "applications", "programs_sha256", "versions"]


@dataclass(frozen=True)
class Program:
    """A process of a release; `sha256` is that of its program, "" where that is no file of the release (an interpreter of the host)."""

    name: str
    command: tuple[str, ...]
    singleton: bool
    sha256: str


@dataclass(frozen=True)
class KeptDocument:
    """A document of a release (clause 2.7) and where it lies on the host."""

    kind: str
    language: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Version:
    """One version on this host.

    Attributes:
        state: `current`, `previous good`, `bad`, `staged`, or `retired` (its folder was removed).
        slot: where its link is, "" where it is in none.
        sha256, signer: of its archive.
        activated_at: when it became current the last time, ISO 8601 in UTC, "" where that is not known or it never did.
        bad: why it is BAD, "" where it is not.
        final: whether there is no way back from it.
        whole: whether its files are those of its manifest to the byte; None where its folder was removed.
        files: how many files of it are no documents; programs_sha256: one digest over all of them (see `programs_sha256`).
    """

    application: str
    version: str
    state: str
    slot: str
    sha256: str
    signer: str
    activated_at: str
    bad: str
    final: bool
    whole: bool | None
    files: int = 0
    programs_sha256: str = ""
    programs: tuple[Program, ...] = ()
    documents: tuple[KeptDocument, ...] = ()


def applications(state_root: Path) -> list[str]:
    """Return the applications that have a register on this host."""
    return sorted(path.parent.name for path in state_root.glob("*/releases.json"))


def versions(places: Places) -> list[Version]:
    """Return every version of an application that came to this host, the newest first.

    Raises:
        RegisterError: the register is damaged.
    """
    register = places.register()
    newest_first = sorted(register.releases, key=version_key, reverse=True)
    return [_version(places, register, version) for version in newest_first]


def _version(places: Places, register: Register, version: str) -> Version:
    entry, folder = register.releases[version], places.folder(version)
    manifest, whole = _read(folder)
    documents = {document.path for document in manifest.documents} if manifest else set()
    return Version(
        application=places.name,
        version=version,
        state=_state(register, version),
        slot=next((slot for slot in SLOTS if register.slots.get(slot) == version), ""),
        sha256=entry.sha256,
        signer=entry.signer,
        activated_at=entry.activated_at,
        bad=entry.bad,
        final=register.final == version,
        whole=whole,
        files=sum(file.path not in documents for file in manifest.files) if manifest else 0,
        programs_sha256=programs_sha256(manifest) if manifest else "",
        programs=tuple(_programs(manifest)) if manifest else (),
        documents=tuple(_documents(manifest, folder)) if manifest else (),
    )


def _read(folder: Path) -> tuple[Manifest | None, bool | None]:
    if not folder.is_dir():
        return None, None
    try:
        manifest = manifest_of(folder)
    except ReleaseError:
        return None, False
    return manifest, is_whole(folder, manifest)


def _state(register: Register, version: str) -> str:
    if register.current is not None and register.current.version == version:
        return "current"
    if register.previous_good is not None and register.previous_good.version == version:
        return "previous good"
    if register.bad(version):
        return "bad"
    return "retired" if register.releases[version].retired else "staged"


def programs_sha256(manifest: Manifest) -> str:
    """Return one digest over all files of a release that are no documents.

    It is the SHA-256 of what `sha256sum` prints of them, sorted by path, run in the release's folder.
    """
    documents = {document.path for document in manifest.documents}
    lines = sorted((file.path, file.sha256) for file in manifest.files if file.path not in documents)
    return hashlib.sha256("".join(f"{sha256}  {path}\n" for path, sha256 in lines).encode()).hexdigest()


def _programs(manifest: Manifest) -> Iterator[Program]:
    digests = {file.path: file.sha256 for file in manifest.files}
    for process in manifest.processes:
        yield Program(process.name, process.command, process.singleton, digests.get(process.command[0], ""))


def _documents(manifest: Manifest, folder: Path) -> Iterator[KeptDocument]:
    digests = {file.path: file.sha256 for file in manifest.files}
    for document in manifest.documents:
        path = str(folder / document.path)
        yield KeptDocument(document.kind, document.language, path, digests.get(document.path, ""))
