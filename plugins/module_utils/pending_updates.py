# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates that wait on a host: where each comes from, in which step of a patching it is installed, and whether it can be taken back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

__all__ = ["STEPS", "Origin", "Update", "is_security", "step_of", "way_back", "with_changelogs"]

# In this order on a host. `pgbackrest` is installed on both ends of the repository together; `postgresql` stops the server for a moment.
STEPS = ("system", "pgbackrest", "postgresql")
POSTGRESQL_SOURCE = re.compile(r"postgresql-\d+")
SECURITY_LABEL = "Debian-Security"

# Sources whose packages are not taken back, each with the reason that people read. Debian supports no downgrade at all; what is not named here
# has been seen to go back together with the rest of its update.
NO_WAY_BACK: dict[str, str] = {
    "glibc": "glibc",
    "linux": "kernel",
    "linux-*": "kernel",
    "systemd": "init",
    "dpkg": "dpkg",
    "postgresql-[0-9]*": "postgresql",
}


@dataclass(frozen=True)
class Origin:
    """Where apt can get a version from: label and codename of its Release file, and the host of the mirror.

    The suite (`stable`, `oldstable`) is left out on purpose: it changes its meaning on the day of a release.
    """

    label: str
    codename: str
    mirror: str = ""


@dataclass(frozen=True)
class Update:
    """One package that an upgrade would bring to another version.

    Attributes:
        name: with its architecture where that is not the host's own (`libc6:i386`).
        installed: "" where it is new, since another update needs it.
        source, installed_source, candidate_source: the source package, and its version now and then.
        security: whether a version between the two comes from Debian's security archive.
        held: it is on hold, and stays unless it is one of the site's own.
        step: one of STEPS. way_back: "" where it can be taken back, else why not (a word of WAY_BACK_TEXTS in the report).
        vulnerabilities: CVE ids that the changelog names; changelog: whether one was found that reaches back to the installed version.
        old_package: whether the .deb file of the installed version can be had.
    """

    name: str
    architecture: str
    installed: str
    candidate: str
    source: str
    installed_source: str
    candidate_source: str
    origins: tuple[Origin, ...]
    security: bool
    held: bool = False
    size_bytes: int = 0
    old_package: bool = False
    step: str = "system"
    way_back: str = ""
    changelog: bool = False
    vulnerabilities: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        plain: dict[str, Any] = dict(vars(self))
        plain["origins"] = [vars(origin) for origin in self.origins]
        plain["vulnerabilities"] = list(self.vulnerabilities)
        return plain


def is_security(origins: Iterable[Origin], codename: str) -> bool:
    """Tell whether one of the origins is Debian's security archive of this release."""
    return any(origin.label == SECURITY_LABEL and origin.codename == f"{codename}-security" for origin in origins)


def step_of(source: str, database_host: bool) -> str:
    """Return the step in which a source's packages are installed. On a host without a server PostgreSQL's libraries are like any other."""
    if source == "pgbackrest":
        return "pgbackrest"
    return "postgresql" if database_host and POSTGRESQL_SOURCE.fullmatch(source) else "system"


def way_back(source: str, database_host: bool) -> str:
    """Return why packages of a source cannot be taken back, "" where they can."""
    if POSTGRESQL_SOURCE.fullmatch(source) and not database_host:
        return ""
    return next((why for pattern, why in NO_WAY_BACK.items() if fnmatchcase(source, pattern)), "")


@dataclass
class _Found:
    vulnerabilities: set[str] = field(default_factory=set)
    reached: bool = False


def with_changelogs(updates: Sequence[Update], found: Iterable[tuple[str, Sequence[str], bool]]) -> tuple[Update, ...]:
    """Return the updates with what changelogs named: packages of one source share one, whichever of them carries it.

    Args:
        found: for each changelog that was read the source, the CVE ids, and whether it reaches back to the installed version.
    """
    by_source: dict[str, _Found] = {}
    for source, vulnerabilities, reached in found:
        each = by_source.setdefault(source, _Found())
        each.vulnerabilities.update(vulnerabilities)
        each.reached = each.reached or reached
    nothing = _Found()
    return tuple(
        replace(
            update,
            vulnerabilities=tuple(sorted(by_source.get(update.source, nothing).vulnerabilities))
            if update.installed
            else (),
            changelog=by_source.get(update.source, nothing).reached,
        )
        for update in updates
    )
