# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases on a host: verified archives unpacked under `/opt/<name>/releases`, and slots that point to them.

Every step is whole or not there (rename of a synced folder, of a link, of the register), and each repeats without harm: a run
that is killed anywhere is finished by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .archive import ArchiveError, Limits, inspect, is_cut_short, sync_directory
from .files import TextFile, write_text
from .manifest import Manifest
from .release_folder import ReleaseError, digest_of, lay_down
from .signature import MAX_SIGNATURE_BYTES, RELEASE_NAMESPACE, SIGNATURE_SUFFIX, SignatureError, verify
from .slots import SLOTS, Register, Staged, choose_slot, read_register

__all__ = [
    "Change",
    "Places",
    "ReleaseError",
    "Signed",
    "activate",
    "digest_of",
    "refuse_other_version",
    "stage",
    "verified",
]


@dataclass(frozen=True)
class Places:
    """Where an application's releases, slots and register are on a host; the two roots differ in tests only."""

    name: str
    root: Path = Path("/opt")
    state_root: Path = Path("/var/lib/traumalink")
    owner: str = "root"

    @property
    def releases(self) -> Path:
        """The folder of the unpacked releases."""
        return self.root / self.name / "releases"

    def slot(self, slot: str) -> Path:
        """Return the link of a slot."""
        return self.root / self.name / "slots" / slot

    @property
    def register_file(self) -> Path:
        """The register's file."""
        return self.state_root / self.name / "releases.json"

    def register(self) -> Register:
        """Read the register as it is now."""
        return read_register(self._register_file("").current(), str(self.register_file))

    def _register_file(self, content: str) -> TextFile:
        return TextFile(self.register_file, content, self.owner, 0o644)

    def record(self, register: Register) -> None:
        """Write the register, atomically and durably."""
        self.register_file.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        write_text(self._register_file(register.as_text()))
        sync_directory(self.register_file.parent)


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


def planned(register: Register, version: str, sha256: str, signer: str, slot: str | None) -> Change:
    """Return what staging `version` comes to.

    Raises:
        ReleaseError: the same version was staged from another archive.
        RegisterError: the slot or the version is not fit.
    """
    chosen = choose_slot(register, version, slot)
    there = register.releases.get(version)
    if there is not None and there.sha256 != sha256:
        raise ReleaseError(
            f"Version {version} is on this host already, from another archive (SHA-256 {there.sha256[:12]}…, this one is "
            f"{sha256[:12]}…). A version never changes: have the vendor release the new content as a new version."
        )
    after = register.staged(version, there or Staged(sha256, signer), chosen)
    return Change(register, after, chosen, after != register)


def is_staged(places: Places, change: Change, version: str) -> bool:
    """Tell whether the host already is as `change` says: unpacked, recorded, and the slot pointing there."""
    link = places.slot(change.slot)
    return (
        not change.changed
        and (places.releases / version).is_dir()
        and link.is_symlink()
        and str(link.readlink()) == _target(version)
    )


def _target(version: str) -> str:
    return f"../releases/{version}"


def stage(
    places: Places,
    archive: Path,
    signature: Path | None,
    allowed_signers: str,
    *,
    sha256: str | None = None,
    slot: str | None = None,
    limits: Limits | None = None,
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
        change = planned(places.register(), version, signed.sha256, signed.signer, slot)
        if is_staged(places, change, version):
            return change
        if version not in change.before.releases or not (places.releases / version).is_dir():
            links = [places.slot(name) for name in SLOTS]
            lay_down(places.releases, links, data, archive.name, manifest, limits)
        places.record(change.after)
        _point(places.slot(change.slot), _target(version))
    return Change(change.before, change.after, change.slot, True)


def _point(link: Path, target: str) -> None:
    if link.is_symlink() and str(link.readlink()) == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    temporary = link.with_name(f".{link.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)
    sync_directory(link.parent)


def activate(places: Places, version: str, *, check: bool = False) -> Change:
    """Record `version` as current, and what was current as the previous good one.

    Raises:
        RegisterError: the version is in no slot.
    """
    before = places.register()
    after = before.activated(version)
    if after != before and not check:
        places.record(after)
    slot = after.current.slot if after.current else ""
    return Change(before, after, slot, after != before)
