# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases on a host: verified archives unpacked under `/opt/<name>/releases`, and slots that point to them.

Every step is whole or not there (rename of a synced folder, of a link, of the register), and each repeats without harm: a run
that is killed anywhere is finished by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from .archive import ArchiveError, Limits, inspect, is_cut_short
from .manifest import Manifest
from .release_folder import ReleaseError, digest_of, is_whole, lay_down, manifest_of
from .release_places import Places, leads_to, point, target_of
from .signature import MAX_SIGNATURE_BYTES, RELEASE_NAMESPACE, SIGNATURE_SUFFIX, SignatureError, verify
from .slots import SLOTS, Register, Staged, choose_slot

__all__ = [
    "Change",
    "Places",
    "ReleaseError",
    "Signed",
    "activate",
    "digest_of",
    "finalize",
    "is_laid_down",
    "is_staged",
    "lay_again",
    "mark_bad",
    "planned",
    "refuse_other_version",
    "roll_back",
    "stage",
    "verified",
]


@dataclass(frozen=True)
class Signed:
    """A verified archive: its manifest, its SHA-256, and the principal who signed it."""

    manifest: Manifest
    sha256: str
    signer: str


@dataclass(frozen=True)
class Change:
    """The register before and after, and the slot that the version is in. They are equal where nothing had to change."""

    before: Register
    after: Register
    slot: str
    changed: bool


def verified(archive: Path, signature: Path | None, allowed_signers: str, limits: Limits | None = None) -> Signed:
    """Verify signature, then content, then paths of an archive, and return what it is. Nothing is written.

    Raises:
        ReleaseError, SignatureError, ArchiveError: with what to do next.
    """
    with _opened(archive) as data:
        return _verified(data, archive.name, _signature_of(archive, signature), allowed_signers, limits)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise ReleaseError(
            f"{path} cannot be read ({error.strerror}). Copy archive and signature from the vendor into one folder."
        ) from None


def _signature_of(archive: Path, signature: Path | None) -> bytes:
    with _opened(signature or archive.with_name(archive.name + SIGNATURE_SUFFIX)) as data:
        return data.read(MAX_SIGNATURE_BYTES + 1)


def _verified(data: IO[bytes], what: str, signature: bytes, allowed_signers: str, limits: Limits | None) -> Signed:
    try:
        signer = verify(data, signature, allowed_signers, RELEASE_NAMESPACE, what)
    except SignatureError:
        if is_cut_short(data, limits):
            raise ArchiveError(
                f"{what} is cut short: it ends in the middle, so its signature cannot fit. Nothing of it was unpacked. "
                "Copy it again, and compare its size with the vendor's."
            ) from None
        raise
    return Signed(inspect(data, what, limits), digest_of(data), signer)


def refuse_other_version(register: Register, version: str) -> None:
    """Raise ReleaseError when another version than `version` is current: a change of version is an upgrade."""
    if register.current is not None and register.current.version != version:
        raise ReleaseError(
            f"Version {register.current.version} is active on this host, and deploy does not change versions. To go to {version} "
            "use traumalink.ops.upgrade, which migrates, switches slots without an interruption, and can go back."
        )


def planned(
    register: Register, version: str, sha256: str | None, signer: str, slot: str | None, *, retry_bad: bool = False
) -> Change:
    """Return what staging `version` comes to. Without `sha256` it must have been staged here before.

    With `retry_bad`, a version that was marked BAD is tried again.

    Raises:
        ReleaseError: the same version was staged from another archive, or never.
        RegisterError: the slot or the version is not fit.
    """
    allowing = register.cleared(version) if retry_bad else register
    chosen = choose_slot(allowing, version, slot)
    there = allowing.releases.get(version)
    known = there.sha256 if there else ""
    if sha256 and known and known != sha256:
        raise ReleaseError(
            f"Version {version} is on this host already, from another archive (SHA-256 {known[:12]}…, this one is "
            f"{sha256[:12]}…). A version never changes: have the vendor release the new content as a new version."
        )
    if there is None or not known:
        if not sha256:
            raise ReleaseError(f"{version} was never staged on this host; give its archive.")
        there = replace(there or Staged("", ""), sha256=sha256, signer=signer)
    after = allowing.staged(version, there, chosen)
    return Change(register, after, chosen, after != register)


def is_staged(places: Places, change: Change, version: str) -> bool:
    """Tell whether the host already is as `change` says: unpacked, recorded, and the slot pointing there."""
    return (
        not change.changed
        and places.folder(version).is_dir()
        and leads_to(places.slot(change.slot), target_of(version))
    )


def is_laid_down(places: Places, register: Register, version: str) -> bool:
    """Tell whether the folder of a version that was staged before is there still, to the byte, so that no archive is needed."""
    entry, folder = register.releases.get(version), places.folder(version)
    if entry is None or entry.retired or not folder.is_dir():
        return False
    try:
        return is_whole(folder, manifest_of(folder))
    except ReleaseError:
        return False


def lay_again(places: Places, change: Change, version: str) -> Change:
    """Record `change` and point its slot to the folder of `version`, which is laid down (see `is_laid_down`)."""
    places.record(change.after)
    point(places.slot(change.slot), target_of(version))
    return Change(change.before, change.after, change.slot, True)


def stage(
    places: Places,
    archive: Path,
    signature: Path | None,
    allowed_signers: str,
    *,
    sha256: str | None = None,
    slot: str | None = None,
    limits: Limits | None = None,
    retry_bad: bool = False,
) -> Change:
    """Verify the archive, unpack it unless it is there, record it, and point a slot to it.

    `sha256` is that of the archive from which the rest of the deployment was planned, where there is one.

    Raises:
        OpsError: what the archive, the disk or the register has against it; the slots are as they were.
    """
    # One open file for signature, inspection and unpacking: what was verified is what is unpacked.
    with _opened(archive) as data:
        signed = _verified(data, archive.name, _signature_of(archive, signature), allowed_signers, limits)
        manifest = signed.manifest
        if manifest.name != places.name:
            raise ReleaseError(f"{archive.name} is a release of {manifest.name}, not of {places.name}.")
        if sha256 is not None and sha256 != signed.sha256:
            raise ReleaseError(
                f"{archive.name} is another archive (SHA-256 {signed.sha256[:12]}…) than the one that was looked at first "
                f"({sha256[:12]}…): it was exchanged meanwhile. Run again; nothing was unpacked."
            )
        version = manifest.version
        change = planned(places.register(), version, signed.sha256, signed.signer, slot, retry_bad=retry_bad)
        if is_staged(places, change, version):
            return change
        links = [places.slot(name) for name in SLOTS]
        lay_down(places.releases, links, data, archive.name, manifest, limits)
    return lay_again(places, change, version)


def activate(places: Places, version: str, *, at: str = "", check: bool = False) -> Change:
    """Record `version` as current since `at`, what was current as the previous good one, and publish its documents.

    Raises:
        RegisterError: the version is in no slot, or BAD.
    """
    before = places.register()
    return _current(places, before, before.activated(version, at), version, check=check)


def roll_back(places: Places, version: str, *, at: str = "", reason: str = "", check: bool = False) -> Change:
    """Record that this host went back to `version`, its previous good one, and publish the documents of that; with a `reason`, what it left is BAD.

    Raises:
        RegisterError: the host cannot go back there.
    """
    before = places.register()
    return _current(places, before, before.rolled_back(version, at, reason), version, check=check)


def _current(places: Places, before: Register, after: Register, version: str, *, check: bool) -> Change:
    target = target_of(version, from_slot=False)
    changed = after != before or not leads_to(places.documents, target)
    if changed and not check:
        if after != before:
            places.record(after)
        point(places.documents, target)
    return Change(before, after, after.current.slot if after.current else "", changed)


def mark_bad(places: Places, version: str, reason: str, *, sha256: str = "", check: bool = False) -> Change:
    """Record that `version` is BAD, so that it is not tried again.

    Raises:
        RegisterError: there is no reason.
    """
    before = places.register()
    return _recorded(places, before, before.marked_bad(version, reason, sha256), check=check)


def finalize(places: Places, version: str, *, check: bool = False) -> Change:
    """Record that there is no way back from `version`, the current one; to be done before its first contract migration.

    Raises:
        RegisterError: another version is current.
    """
    before = places.register()
    return _recorded(places, before, before.finalized(version), check=check)


def _recorded(places: Places, before: Register, after: Register, *, check: bool) -> Change:
    if after != before and not check:
        places.record(after)
    return Change(before, after, "", after != before)
