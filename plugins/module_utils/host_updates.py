# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a patch plan says of one host: what waits, what it mends, what would have to be restarted, and until when programs are supported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from .apt_get import ARCHIVES, STORE, AptGet
from .apt_host import AptHost, Pending, deb_name, is_server, newer_of, opened
from .command import Runner
from .deb_file import changelogs
from .debian_changelog import compared_version, named_since
from .errors import OpsError
from .pending_updates import Update, with_changelogs
from .release_places import Places
from .restart_needs import RestartNeeds, asked
from .slots import RegisterError, read_register
from .support_ends import support_of
from .tracker_data import known, read_tracker
from .version_register import applications

__all__ = ["Look", "debian_release", "look"]


class HostLookError(OpsError):
    """This host is none whose updates can be told."""


@dataclass(frozen=True)
class Look:
    """What is asked of a host.

    Attributes:
        scope: `security` or `all`.
        refresh: whether the mirror's lists are read anew; download: whether the packages are fetched, so that their changelogs can be read.
        tracker: content of a mirrored file of Debian's security tracker, b"" for none.
        packages: of which the version is told that is there now, "" where it is not installed.
    """

    scope: str
    refresh: bool
    download: bool
    tracker: bytes = b""
    packages: tuple[str, ...] = ()


def debian_release(text: str) -> dict[str, str]:
    """Return `codename` and `version` of an os-release file. Raises HostLookError."""
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    plain = {name: value.strip().strip('"') for name, value in found.items()}
    if plain.get("ID") != "debian" or not plain.get("VERSION_CODENAME"):
        raise HostLookError(
            f"{plain.get('PRETTY_NAME') or 'this host'} is no Debian release; only Debian 12 and 13 are patched"
        )
    return {"codename": plain["VERSION_CODENAME"], "version": plain.get("VERSION_ID", "")}


def look(
    wanted: Look, apt: AptGet, runner: Runner, today: date, broken: Sequence[str] = (), root: Path = Path("/")
) -> dict[str, Any]:
    """Return what a plan says of this host, as plain data.

    Args:
        broken: what an interrupted dpkg has left, in words; then nothing is resolved, and `updates` is empty.

    Raises:
        OpsError: the mirror cannot be reached, or apt cannot tell.
    """
    release = debian_release((root / "etc/os-release").read_text(encoding="utf-8"))
    if wanted.refresh and not broken:
        apt.update()
    host = opened(release["codename"])
    pending = Pending((), (), (), (), True) if broken else host.pending(wanted.scope, on_host)
    updates = pending.updates
    if updates:
        if wanted.download:
            fetch(updates, apt)
        updates = with_changelogs(updates, read_changelogs(updates, newer_of()))
    installed = host.installed()
    needs = asked(runner)
    programs = versions_of(installed, release["version"], needs)
    return {
        "release": release,
        "versions": programs | deployed_versions(Places("").state_root),
        "support": support_of(programs, today),
        "security_source": pending.security_source,
        "broken": list(broken),
        "updates": [each.as_dict() for each in updates],
        "other": names(pending.other),
        "held": names(pending.held),
        "kept_back": names(pending.kept_back),
        "restarts": needs.as_dict(),
        "packages": {name: version_now(host, name) for name in wanted.packages},
        "known": known_of(wanted.tracker, host, installed),
    }


def on_host(name: str) -> bool:
    """Tell whether a .deb file of this name lies on the host."""
    return any((folder / name).is_file() for folder in (STORE, ARCHIVES))


def version_now(host: AptHost, name: str) -> str:
    """Return the installed version of a package, "" where it is not installed."""
    return str(host.cache[name].installed.version) if name in host.cache and host.cache[name].installed else ""


def names(updates: Sequence[Update]) -> list[dict[str, str]]:
    """Return updates that are not installed, in short."""
    return [{"name": each.name, "installed": each.installed, "candidate": each.candidate} for each in updates]


def fetch(updates: Sequence[Update], apt: AptGet) -> None:
    """Bring the packages that would be installed to apt's archives; nothing is installed. Raises AptTrouble."""
    apt.get(
        "--download-only",
        "--allow-change-held-packages",
        "install",
        *(f"{each.name}={each.candidate}" for each in updates),
    )


def read_changelogs(
    updates: Sequence[Update], newer: Callable[[str, str], bool]
) -> Iterator[tuple[str, list[str], bool]]:
    """Yield for each changelog in the packages that lie in apt's archives: its source, the CVE ids that it names since the installed version, and whether it reaches back to that."""
    for update in updates:
        if not update.installed:
            continue
        since = compared_version(update.installed, update.installed_source)
        file = ARCHIVES / deb_name(update.name.partition(":")[0], update.candidate, update.architecture)
        for text in changelogs(file) if file.is_file() else ():
            found = named_since(text, since, newer)
            yield update.source, list(found.vulnerabilities), found.reached


def versions_of(installed: Sequence[Mapping[str, str]], debian: str, needs: RestartNeeds) -> dict[str, str]:
    """Return the versions of the programs that matter; those that are not installed are left out."""
    by_name = {each["name"]: each["version"] for each in installed}
    programs = {"haproxy": "haproxy", "pgbackrest": "pgbackrest", "openssl": "openssl", "python3": "python3"}
    found = {
        "debian": debian,
        "kernel": needs.kernel_running,
        "postgresql": next((by_name[name] for name in by_name if is_server(name)), ""),
    }
    found |= {title: by_name.get(package, "") for title, package in programs.items()}
    return {title: version for title, version in sorted(found.items()) if version}


def deployed_versions(state_root: Path) -> dict[str, str]:
    """Return the version that is current of each application of the site's that this host has; a register that is damaged tells none, and fails elsewhere."""
    found: dict[str, str] = {}
    for name in applications(state_root):
        with suppress(RegisterError):
            current = read_register((state_root / name / "releases.json").read_text(encoding="utf-8"), name).current
            found |= {name: current.version} if current else {}
    return found


def known_of(tracker: bytes, host: AptHost, installed: Sequence[Mapping[str, str]]) -> list[dict[str, object]]:
    """Return what the tracker's file says of the installed packages."""
    return [each.as_dict() for each in known(read_tracker(tracker), installed, newer_of())] if tracker else []
