# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data that Debian's security tracker publishes for debsecan, from a file that was mirrored: which installed packages have a known vulnerability,
and for which of these a fix is out. Read as debsecan 0.4.20 does (its fetch_data and is_vulnerable).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .errors import OpsError

__all__ = ["Known", "TrackerDataError", "known", "read_tracker"]

Newer = Callable[[str, str], bool]


class TrackerDataError(OpsError):
    """The file is not what debsecan reads."""


@dataclass(frozen=True)
class Entry:
    """One vulnerability of one package: which version has the fix in unstable ("" for none), and which other versions have it."""

    vulnerability: str
    package: str
    is_binary: bool
    urgency: str
    fix_available: bool
    fixed: str
    also_fixed: tuple[str, ...]

    def affects(self, version: str, newer: Newer) -> bool:
        """Tell whether a version (of the source, or of the binary where `is_binary`) has it."""
        if version in self.also_fixed:
            return False
        return newer(self.fixed, version) if self.fixed else True


@dataclass(frozen=True)
class Known:
    """A vulnerability of installed packages of one source."""

    vulnerability: str
    source: str
    fix_available: bool
    urgency: str

    def as_dict(self) -> dict[str, object]:
        """Return plain data."""
        return dict(vars(self))


def read_tracker(content: bytes) -> list[Entry]:
    """Return the entries of a file such as https://security-tracker.debian.org/tracker/debsecan/release/1/bookworm.

    Raises:
        TrackerDataError: it is another file, or damaged.
    """
    try:
        lines = iter(zlib.decompress(content).decode("utf-8").split("\n"))
        if next(lines) != "VERSION 1":
            raise ValueError("its version is not 1")
        names = [line.split(",", 2)[0] for line in _block(lines)]
        return [_entry(line, names) for line in _block(lines)]
    except (zlib.error, UnicodeDecodeError, ValueError, LookupError, StopIteration) as error:
        raise TrackerDataError(
            f"patch_tracker_file is not what Debian's security tracker publishes for debsecan ({error}); mirror it anew, as it is"
        ) from None


def _block(lines: Iterable[str]) -> list[str]:
    found = []
    for line in lines:
        if not line:
            break
        found.append(line)
    return found


def _entry(line: str, names: Sequence[str]) -> Entry:
    package, number, flags, fixed, others = line.split(",", 4)
    urgency = {" ": "", "L": "low", "M": "medium", "H": "high"}[flags[1]]
    return Entry(names[int(number)], package, flags[0] == "B", urgency, flags[3] == "F", fixed, tuple(others.split()))


def known(entries: Iterable[Entry], installed: Iterable[Mapping[str, str]], newer: Newer) -> list[Known]:
    """Return what the installed packages have, one entry a vulnerability and source.

    Args:
        installed: packages with name, version, source, source_version.
    """
    by_name: dict[tuple[bool, str], list[tuple[str, str]]] = {}
    for each in installed:
        by_name.setdefault((True, each["name"]), []).append((each["source"], each["version"]))
        by_name.setdefault((False, each["source"]), []).append((each["source"], each["source_version"]))
    found = {
        Known(entry.vulnerability, source, entry.fix_available, entry.urgency)
        for entry in entries
        for source, version in by_name.get((entry.is_binary, entry.package), ())
        if entry.affects(version, newer)
    }
    return sorted(found, key=lambda each: (each.source, each.vulnerability))
