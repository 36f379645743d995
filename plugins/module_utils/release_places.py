# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an application's releases, slots, documents and register are on a host, and links that change at once or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .archive import sync_directory
from .files import TextFile, write_text
from .release_folder import ReleaseError
from .slots import Register, read_register

__all__ = ["Places", "leads_to", "point", "target_of", "unlink"]


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
    def documents(self) -> Path:
        """The link to the release whose documents are the current ones (clause 2.7)."""
        return self.root / self.name / "documents"

    def folder(self, version: str) -> Path:
        """Return the folder of an unpacked release."""
        return self.releases / version

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


def leads_to(link: Path, target: str) -> bool:
    """Tell whether `link` is a link to `target`, to the letter."""
    return link.is_symlink() and str(link.readlink()) == target


def target_of(version: str, *, from_slot: bool = True) -> str:
    """Return where the link of a slot, or that of the documents, leads for a version."""
    return f"../releases/{version}" if from_slot else f"releases/{version}"


def point(link: Path, target: str) -> None:
    """Let `link` lead to `target`, atomically and durably.

    Raises:
        ReleaseError: something else than a link is in its place.
    """
    if leads_to(link, target):
        return
    link.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    temporary = link.with_name(f".{link.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    try:
        temporary.replace(link)
    except OSError as error:
        temporary.unlink()
        raise ReleaseError(
            f"{link} cannot become a link to {target} ({error.strerror}); look what it is, move it away, and run again."
        ) from None
    sync_directory(link.parent)


def unlink(link: Path) -> None:
    """Take a link away, durably; it may be gone already."""
    if link.is_symlink():
        link.unlink()
        sync_directory(link.parent)
