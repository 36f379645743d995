# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a package's Debian changelog says between the installed version and the one to be installed.

Read as apt-listchanges does (its DebianFiles.py), since that is what a system administrator would see: entries from the top down to the first one
that is not newer than the installed version. A changelog may be trimmed or linked away, so a CVE id that is not found here says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Named", "compared_version", "is_debian_changelog", "named_since"]

ENTRY = re.compile(r"^\S+ \((?P<version>[^)\s]*)\) .*;.*urgency=\w+")
CVE = re.compile(r"\bCVE-\d{4}-\d{4,}\b", re.I)
Newer = Callable[[str, str], bool]


@dataclass(frozen=True)
class Named:
    """What was found.

    Attributes:
        versions: of the entries that are newer, the newest first.
        vulnerabilities: CVE ids that these entries name, in order.
        reached: whether an entry was met that is not newer: else the changelog ends before the installed version and may have been trimmed.
    """

    versions: tuple[str, ...]
    vulnerabilities: tuple[str, ...]
    reached: bool


def is_debian_changelog(text: str) -> bool:
    """Tell whether a text is one; a native package's `changelog` is, an upstream's of the same name is not."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return bool(ENTRY.match(first))


def named_since(text: str, installed: str, newer: Newer) -> Named:
    """Return what the entries name that are newer than a version.

    Args:
        installed: as `compared_version` returns it; "" where nothing is installed, so that nothing is called new.
        newer: whether its first version is newer than its second, by Debian's order.
    """
    versions: list[str] = []
    found: list[str] = []
    reached = not installed
    for line in text.splitlines() if installed else ():
        if entry := ENTRY.match(line):
            if not newer(entry["version"], installed):
                reached = True
                break
            versions.append(entry["version"])
        elif versions:
            found += [each.upper() for each in CVE.findall(line)]
    return Named(tuple(versions), tuple(sorted(set(found), key=_by_number)), reached)


def _by_number(identifier: str) -> tuple[int, ...]:
    return tuple(int(part) for part in identifier.split("-")[1:])


def compared_version(version: str, source_version: str) -> str:
    """Return the version that is looked for in the changelog: the binary's where it begins with the source's, since a rebuild (+b1) has an entry
    of its own; else the source's, since some packages count their binaries differently.
    """
    return version if version.startswith(source_version) else source_version
