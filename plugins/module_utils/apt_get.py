# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running apt-get and dpkg so that they ask nobody, restart nothing by themselves, and say in one line what went wrong and what to do."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from .command import Completed, Runner
from .errors import CodedError

__all__ = [
    "ARCHIVES",
    "INTERRUPTED",
    "LOCKED",
    "MIRROR",
    "NO_ROOM",
    "STORE",
    "AptGet",
    "AptTrouble",
    "kept_conffiles",
    "left_broken",
    "trouble",
]

LOCKED, INTERRUPTED, MIRROR, NO_ROOM, BROKEN, OTHER = "locked", "interrupted", "mirror", "no_room", "broken", "other"
LOOK_SECONDS = 2.0
JOURNAL = Path("/var/lib/dpkg/updates")
ARCHIVES = Path("/var/cache/apt/archives")
STORE = Path("/var/lib/traumalink/patch/packages")  # the .deb files of versions that were replaced
FILES = (ARCHIVES, STORE)
WHOLE = ("installed", "config-files", "not-installed")
CONFFILE_OPTIONS = ("--force-confdef", "--force-confold")
# Nothing is asked: a changed file of the administrator's stays (dpkg's conffiles and ucf's). needrestart is told to keep still: services are
# restarted by us, one host after another, when its traffic is elsewhere.
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBIAN_PRIORITY": "critical",
    "UCF_FORCE_CONFFOLD": "1",
    "APT_LISTCHANGES_FRONTEND": "none",
    "NEEDRESTART_SUSPEND": "1",
}
OPTIONS = (
    "-q", "-y", "-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
    "-o", "APT::Install-Recommends=false", "-o", "Acquire::Retries=2",
)  # fmt: skip

LOCK = re.compile(r"Could not get lock (?P<file>\S+?)\.? It is held by process (?P<process>\d+) \((?P<name>[^)]*)\)")
DPKG_LOCK = re.compile(
    r"dpkg: error: dpkg (?:frontend|database) lock was locked by (?:another process with )?pid (?P<process>\d+)"
)
FETCH = re.compile(r"Failed to fetch (?P<url>\S+)\s+(?P<why>.*)")
PROCESSING = re.compile(r"Errors were encountered while processing:\n(?P<names>(?: \S+\n?)+)")


class AptTrouble(CodedError):  # noqa: N818 - trouble that is met, not always an error
    """apt or dpkg did not do what was asked; `code` names the kind."""

    code = OTHER


def trouble(said: str) -> tuple[str, str]:
    """Return what kind of trouble a text of apt-get or dpkg tells of, and what that is with what to do, in one line."""
    if held := LOCK.search(said) or DPKG_LOCK.search(said):
        return (
            LOCKED,
            f"process {held['process']} ({held.groupdict().get('name') or 'dpkg'}) holds apt's lock; wait until it has ended",
        )
    if "dpkg was interrupted" in said:
        return INTERRUPTED, "dpkg was interrupted, and packages are half-configured"
    if "No space left on device" in said or "enough free space" in said:
        return NO_ROOM, f"there is no room on the disk: {_first_error(said)}; make room, then run again"
    if fetch := FETCH.search(said):
        return (
            MIRROR,
            f"the mirror does not give {fetch['url']} ({fetch['why'].strip()}); see that it is reached and complete",
        )
    if "is not signed" in said or "NO_PUBKEY" in said or "is expired" in said or "not valid yet" in said:
        return (
            MIRROR,
            f"the mirror's lists cannot be trusted: {_first_error(said)}; see the mirror, its date and the keys in /usr/share/keyrings",
        )
    if failed := PROCESSING.search(said):
        names = ", ".join(failed["names"].split())
        return BROKEN, f"{names} could not be configured: {_script_error(said)}"
    if "unmet dependencies" in said or "held broken packages" in said:
        return (
            BROKEN,
            f"packages do not fit together: {_first_error(said)}; look at apt-get check and apt-mark showhold",
        )
    return OTHER, _first_error(said)


def _first_error(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next(
        (line for line in lines if line.startswith(("E:", "dpkg: error"))), lines[-1] if lines else "it said nothing"
    )


def _script_error(said: str) -> str:
    lines = said.splitlines()
    at = next((number for number, line in enumerate(lines) if "error processing" in line), 0)
    return " ".join(line.strip() for line in lines[max(0, at - 1) : at + 2])


def left_broken(runner: Runner) -> list[str]:
    """Return what an interrupted dpkg has left: packages that are not whole with their state, or that it was interrupted; nothing where all is well."""
    found = [f"{name} is {state}" for name, state, _flag in _states(runner) if state not in WHOLE]
    interrupted = any(JOURNAL.glob("[0-9]*"))  # written when dpkg begins with a package, and emptied at its end
    return found or (["dpkg was interrupted"] if interrupted else [])


def _states(runner: Runner) -> list[list[str]]:
    form = "${binary:Package}\t${db:Status-Status}\t${db:Status-Eflag}\n"
    rows = [line.split("\t") for line in runner(["dpkg-query", "-W", "-f", form]).stdout.splitlines()]
    return [row for row in rows if len(row) == 3]


def kept_conffiles(runner: Runner, packages: Sequence[str], since: float, root: Path = Path("/")) -> list[str]:
    """Return the configuration files of which a package has brought a new version `since` (a time stamp) and the administrator's was kept.

    Told by the file that dpkg lays beside it, since dpkg says nothing where it was told beforehand what to do.
    """
    said = runner(["dpkg-query", "-W", "-f", "${Conffiles}\n", *packages]).stdout if packages else ""
    paths = sorted({line.split()[0] for line in said.splitlines() if line.startswith(" /")})
    beside = {path: root / f"{path.lstrip('/')}.dpkg-dist" for path in paths}
    return [path for path, new in beside.items() if new.is_file() and new.stat().st_ctime >= since]


@dataclass(frozen=True)
class AptGet:
    """apt-get and dpkg on this host.

    Attributes:
        lock_seconds: how long another who installs is waited for; then the holder is named.
        say: is told whom it waits for.
    """

    runner: Runner
    lock_seconds: float = 300.0
    say: Callable[[str], None] = lambda _text: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def update(self) -> None:
        """Read the mirror's lists anew; an old list is never taken for a new one.

        Raises:
            AptTrouble: with what to do next.
        """
        self.get("update", "-o", "APT::Update::Error-Mode=any")

    def get(self, *arguments: str, directory: Path | None = None) -> Completed:
        """Run apt-get. Raises AptTrouble."""
        return self.run(["apt-get", *OPTIONS, *arguments], directory)

    def run(self, argv: Sequence[str], directory: Path | None = None) -> Completed:
        """Run a program of apt or dpkg, wait while another holds the lock, and tell trouble in its own words.

        Raises:
            AptTrouble: with what to do next.
        """
        deadline = self.clock() + self.lock_seconds
        while True:
            done = self.runner(argv, environment=ENVIRONMENT, directory=str(directory) if directory else None)
            if done.status == 0:
                return done
            kind, words = trouble(f"{done.stderr}\n{done.stdout}")
            if kind != LOCKED or self.clock() >= deadline:
                waited = f" (waited for {self.lock_seconds:.0f} s)" if kind == LOCKED else ""
                raise AptTrouble(f"{' '.join(_plain(argv))} failed: {words}{waited}", kind)
            self.say(words)
            self.sleep(LOOK_SECONDS)

    def settle(self) -> list[str]:
        """Complete what an interrupted dpkg has left; return what was done in words, nothing where all was well.

        Raises:
            AptTrouble: it cannot be completed; the package and its script's words are named.
        """
        if (
            not left_broken(self.runner)
            and self.runner(["apt-get", "-q", "check"], environment=ENVIRONMENT).status == 0
        ):
            return []
        steps = ["dpkg --configure --pending"]
        self._configure()
        for name in [name for name, _state, flag in _states(self.runner) if flag == "reinstreq"]:
            # Killed while it unpacked: only the whole file mends that, and the others came to the newest version.
            file = self._newest_file(name)
            if file is not None:
                self.run(["dpkg", *CONFFILE_OPTIONS, "--install", str(file)])
                steps.append(f"dpkg --install {file.name}")
        self._configure()
        if not self.fits():
            self.get("--fix-broken", "--no-remove", "install")
            steps.append("apt-get --fix-broken install")
        if left := left_broken(self.runner):
            self.run(["dpkg", *CONFFILE_OPTIONS, "--configure", "--pending"])  # says which script fails, and why
            raise AptTrouble(f"packages stay half-configured: {'; '.join(left)}; mend them by hand", BROKEN)
        return steps

    def fits(self) -> bool:
        """Tell whether the installed packages fit together; whoever holds the lock is waited for, since that is no trouble of theirs."""
        try:
            self.run(["apt-get", "-q", "check"])
        except AptTrouble as error:
            if error.code == LOCKED:
                raise
            return False
        return True

    def _configure(self) -> None:
        """Configure what can be configured now; what cannot is looked at again at the end."""
        with contextlib.suppress(AptTrouble):
            self.run(["dpkg", *CONFFILE_OPTIONS, "--configure", "--pending"])

    def _newest_file(self, package: str) -> Path | None:
        """Return the .deb file of a package's newest version that lies on the host."""
        newest: Path | None = None
        for file in (each for folder in FILES for each in sorted(folder.glob(f"{package.partition(':')[0]}_*.deb"))):
            asked = ["dpkg", "--compare-versions", _version(file), "gt", _version(newest) if newest else ""]
            if newest is None or self.runner(asked).status == 0:
                newest = file
        return newest


def _version(file: Path) -> str:
    return unquote(file.name.split("_")[1])


def _plain(argv: Sequence[str]) -> list[str]:
    """Return a command without the options that every call has, and not longer than one line."""
    words = [word for word in argv if word not in OPTIONS]
    return words if len(words) <= 6 else [*words[:6], "…"]
