# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What apt knows on a host, asked through python-apt, Debian's own library.

The other way would be the text of `apt-get --simulate` and `apt-cache policy`: it names the suite but not the codename, differs between releases,
and has to be asked anew for each version's origin. python-apt gives versions, origins and the resolver's decision as values. It only looks here:
what changes the host is done by apt-get, whose messages administrators know.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .errors import OpsError
from .pending_updates import Origin, Update, is_security, step_of, way_back

__all__ = ["AptError", "AptHost", "Pending", "deb_name", "newer_of", "opened"]

CLUSTERS = Path("/etc/postgresql")  # where Debian's postgresql-common keeps the settings of each cluster
OURS = ("postgresql", "pgbackrest", "haproxy")  # the site's own programs, by how their sources begin


class AptError(OpsError):
    """apt cannot tell what waits on this host."""


@dataclass(frozen=True)
class Pending:
    """What waits.

    Attributes:
        updates: what would be installed now, by name.
        other: updates that are not asked for (no security update, where only those are), by name.
        held: on hold, and not touched. kept_back: cannot be installed without removing something, or not at all.
        security_source: whether apt has Debian's security archive of this release among its sources.
    """

    updates: tuple[Update, ...]
    other: tuple[Update, ...]
    held: tuple[Update, ...]
    kept_back: tuple[Update, ...]
    security_source: bool


def newer_of() -> Callable[[str, str], bool]:
    """Return Debian's order of versions: whether the first is newer than the second. Raises AptError."""
    compare = _library("apt_pkg").version_compare
    return lambda one, other: bool(compare(one, other) > 0)


def _library(name: str) -> Any:
    try:
        library = importlib.import_module(name)
    except ImportError:
        raise AptError("Debian's package python3-apt is missing on this host; install it first") from None
    if name == "apt_pkg":
        library.init_config()
        library.init_system()
    return library


def opened(codename: str, root: Path | None = None, clusters: bool | None = None) -> AptHost:
    """Return apt of this host, or of another system whose files lie below `root`, with or without database `clusters`. Raises AptError."""
    library = _library("apt")
    try:
        cache = library.Cache(rootdir=str(root) if root else None)
    except (SystemError, OSError, ValueError) as error:
        raise AptError(f"apt cannot read its lists on this host: {error}; mend what it names, then run again") from None
    return AptHost(cache, _library("apt_pkg"), codename, clusters)


class AptHost:
    """A look at one host, as its lists were when it was opened.

    Attributes:
        codename: of the host's Debian release, such as `bookworm`.
        database_host: whether it has a database cluster.
    """

    def __init__(self, cache: Any, library: Any, codename: str, clusters: bool | None = None) -> None:
        self.cache = cache
        self.library = library
        self.codename = codename
        # Only the server of a cluster is restarted by its update: ops has the programs for drills alone.
        self.database_host = any(CLUSTERS.glob("*/*/postgresql.conf")) if clusters is None else clusters

    def installed(self) -> list[dict[str, str]]:
        """Return every installed package: name, version, source, source_version."""
        found = [package.installed for package in self.cache if package.is_installed]
        return [
            {"name": each.package.shortname, "version": each.version, "source": each.source_name,
             "source_version": each.source_version}
            for each in found
        ]  # fmt: skip

    def pending(self, scope: str, old_packages: Callable[[str], bool]) -> Pending:
        """Return what waits.

        Args:
            scope: `security` for security updates and what they need, `all` for everything.
            old_packages: whether a .deb file of this name lies on the host already.
        """
        upgradable = [package for package in self.cache if package.is_upgradable]
        held = {package.fullname for package in upgradable if self._is_held(package)}
        wanted = [
            package
            for package in upgradable
            if (package.fullname not in held or self._is_ours(package))
            and (scope == "all" or self._is_security(package))
        ]
        chosen, refused = self._resolved(
            wanted, [each for each in upgradable if each.fullname in held and not self._is_ours(each)]
        )
        names = {package.fullname for package in chosen}
        others = [package for package in upgradable if package.fullname not in names]

        def described(packages: Iterable[Any]) -> tuple[Update, ...]:
            updates = (self._update(each, held, old_packages) for each in packages)
            return tuple(sorted(updates, key=lambda update: update.name))

        return Pending(
            described(chosen),
            described(each for each in others if each.fullname not in held | refused),
            described(each for each in others if each.fullname in held),
            described(each for each in others if each.fullname in refused),
            any(is_security([origin], self.codename) for origin in self._sources()),
        )

    def _resolved(self, wanted: Sequence[Any], foreign_holds: Sequence[Any]) -> tuple[list[Any], set[str]]:
        """Return the packages that change when all that are wanted are upgraded and nothing is removed, and the names of those left out.

        All at once where that fits, as it nearly always does; else one after another, so that one that does not fit keeps no other from coming.
        """
        self.cache.clear()
        for package in wanted:
            self._mark(package, fix=False)
        if self._fits(wanted, foreign_holds):
            return self._changing(), set()
        self.cache.clear()
        taken: list[Any] = []
        refused: set[str] = set()
        for package in wanted:
            if (package.marked_upgrade or self._mark(package, fix=True)) and self._fits(
                [*taken, package], foreign_holds
            ):
                taken.append(package)
                continue
            refused.add(package.fullname)
            self.cache.clear()
            for each in taken:
                self._mark(each, fix=True)
        changing = self._changing()
        return changing, refused - {each.fullname for each in changing}

    @staticmethod
    def _mark(package: Any, *, fix: bool) -> bool:
        """Mark a package for its upgrade; return whether apt's resolver found a way."""
        try:
            package.mark_install(auto_fix=fix, from_user=not package.is_auto_installed)
        except SystemError:  # apt_pkg.Error: there is none without what is on hold
            return False
        return True

    def _fits(self, wanted: Sequence[Any], foreign_holds: Sequence[Any]) -> bool:
        """Tell whether what is marked leaves nothing broken, removes nothing, upgrades all that are wanted, and touches no foreign hold."""
        return (
            not self.cache.broken_count
            and not self.cache.delete_count
            and all(each.marked_upgrade for each in wanted)
            and not any(each.marked_upgrade for each in foreign_holds)
        )

    def _changing(self) -> list[Any]:
        return [each for each in self.cache.get_changes() if each.marked_install or each.marked_upgrade]

    def _is_held(self, package: Any) -> bool:
        return bool(package._pkg.selected_state == self.library.SELSTATE_HOLD)

    @staticmethod
    def _is_ours(package: Any) -> bool:
        return str(package.candidate.source_name).startswith(OURS)

    def _is_security(self, package: Any) -> bool:
        """Tell whether an update brings a security fix: the candidate, or a version that it passes over, is in the security archive."""
        later = [each for each in package.versions if package.installed < each <= package.candidate]
        return any(is_security(origins_of(each), self.codename) for each in later)

    def _sources(self) -> list[Origin]:
        return [Origin(each.label, each.codename, each.site) for each in self.cache._cache.file_list]

    def _update(self, package: Any, held: set[str], old_packages: Callable[[str], bool]) -> Update:
        before, after = package.installed, package.candidate
        return Update(
            name=package.name,
            architecture=after.architecture,
            installed=before.version if before else "",
            candidate=after.version,
            source=after.source_name,
            installed_source=before.source_version if before else "",
            candidate_source=after.source_version,
            origins=tuple(dict.fromkeys(origins_of(after))),
            security=self._is_security(package) if before else is_security(origins_of(after), self.codename),
            held=package.fullname in held,
            size_bytes=after.size,
            old_package=bool(before and (before.downloadable or old_packages(deb_name(package.shortname, before.version, before.architecture)))),
            step=step_of(after.source_name, self.database_host),
            way_back=way_back(after.source_name, self.database_host),
        )  # fmt: skip


def origins_of(version: Any) -> list[Origin]:
    """Return where a version can be had."""
    return [Origin(each.label, each.codename, each.site) for each in version.origins if each.archive != "now"]


def is_server(name: str) -> bool:
    """Tell whether a package is PostgreSQL's server, such as `postgresql-15`."""
    return name.startswith("postgresql-") and name.removeprefix("postgresql-").isdigit()


def deb_name(name: str, version: str, architecture: str) -> str:
    """Return the name of a .deb file in apt's archives."""
    return f"{name}_{quote(version, safe='+~.-')}_{architecture}.deb".replace("%3A", "%3a")
