# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing packages to exactly the versions that a plan names, and back to the versions that were there before.

What was there is written down and its .deb files are laid aside before anything changes, so that the way back needs neither mirror nor plan.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .apt_get import ARCHIVES, CONFFILE_OPTIONS, STORE, AptGet, kept_conffiles
from .apt_host import deb_name
from .command import Runner, run_checked
from .errors import OpsError
from .files import TextFile, write_text
from .package_journal import JOURNAL, Change, PackageError, conclude, note, read_journal

__all__ = ["Outcome", "apply", "concluded", "fetch", "put_old_files_back", "undo"]

MARKS = "marks.json"  # beside the journal
SPARE_BYTES = 200 * 1024 * 1024


@dataclass
class Outcome:
    """What was done, or would be: steps in words; by package the version before and after; configuration files of the administrator's that were kept
    although the package brings new ones; packages of which no .deb file of the old version can be had; those that stay, with the reason.
    """

    steps: list[str] = field(default_factory=list)
    changed: dict[str, dict[str, str]] = field(default_factory=dict)
    kept_files: list[str] = field(default_factory=list)
    no_old_package: list[str] = field(default_factory=list)
    stay: dict[str, str] = field(default_factory=dict)


def versions_now(runner: Runner) -> dict[str, str]:
    """Return the version of every package that is whole on this host, by name and by name with architecture."""
    form = "${binary:Package}\t${Package}:${Architecture}\t${Version}\t${db:Status-Status}\n"
    rows = [
        line.split("\t")
        for line in run_checked(runner, ["dpkg-query", "-W", "-f", form], "dpkg-query").stdout.splitlines()
    ]
    whole = [row for row in rows if len(row) == 4 and row[3] == "installed"]
    return (
        {row[1]: row[2] for row in whole}
        | {row[0].partition(":")[0]: row[2] for row in whole}
        | {row[0]: row[2] for row in whole}
    )


def _every(runner: Runner) -> list[list[str]]:
    """Return name, version and state of every package that dpkg knows."""
    form = "${binary:Package}\t${Version}\t${db:Status-Status}\n"
    rows = [
        line.split("\t")
        for line in run_checked(runner, ["dpkg-query", "-W", "-f", form], "dpkg-query").stdout.splitlines()
    ]
    return [row for row in rows if len(row) == 3]


def fetch(changes: Sequence[Change], apt: AptGet, outcome: Outcome, *, check: bool, store: Path = STORE) -> None:
    """Bring the new packages to apt's archives, and lay the .deb files of the versions that are replaced aside.

    One that can no longer be had does not fail this: the outcome names it.

    Raises:
        OpsError: a new package cannot be had, or there is no room.
    """
    store.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = [
        each
        for each in changes
        if not (ARCHIVES / deb_name(each.name.partition(":")[0], each.candidate, each.architecture)).is_file()
    ]
    if new:
        outcome.steps.append(f"fetch {len(new)} packages")
    if new and not check:
        apt.get(
            "--download-only",
            "--allow-change-held-packages",
            "install",
            *(f"{each.name}={each.candidate}" for each in changes),
        )
    for each in (change for change in changes if change.installed and not change.way_back):
        target, near = store / each.old_file, ARCHIVES / each.old_file
        if target.is_file():
            continue
        outcome.steps.append(f"lay {each.old_file} aside")
        if check:
            continue
        if near.is_file():
            shutil.copyfile(near, target)
            continue
        try:
            apt.get("download", f"{each.name}={each.installed}", directory=store)
        except OpsError:
            outcome.no_old_package.append(each.name)


def see_room(needed_bytes: int, free_bytes: int) -> None:
    """Raise PackageError where packages may not find room."""
    if free_bytes < needed_bytes:
        raise PackageError(
            f"{free_bytes // 2**20} MiB are free for packages where {needed_bytes // 2**20} MiB may be needed; make room (apt-get clean, old logs), "
            "then run again. Nothing was changed"
        )


def apply(
    changes: Sequence[Change], run_id: str, apt: AptGet, outcome: Outcome, *, check: bool, journal: Path = JOURNAL
) -> None:
    """Install exactly these versions from what was fetched, see them there, and leave holds and automatic marks as they were.

    Raises:
        OpsError: with what to do next; what an interrupted dpkg leaves is completed by `AptGet.settle`.
    """
    runner = apt.runner
    now = versions_now(runner)
    pending = [each for each in changes if now.get(each.name) != each.candidate]
    outcome.changed = {each.name: {"before": now.get(each.name, ""), "after": each.candidate} for each in pending}
    if not pending:
        return
    outcome.steps.append(f"install {len(pending)} packages")
    if check:
        return
    files = [ARCHIVES / deb_name(each.name.partition(":")[0], each.candidate, each.architecture) for each in pending]
    needed = (
        sum(4 * file.stat().st_size for file in files if file.is_file()) + SPARE_BYTES
    )  # unpacked beside the old ones
    see_room(needed, shutil.disk_usage("/var/lib/dpkg").free)
    note(pending, run_id, journal)
    began = time.time()
    with _Marks(runner, [each.name for each in pending], outcome, journal.with_name(MARKS)):
        apt.get(
            "--no-download",
            "--no-remove",
            "--allow-change-held-packages",
            "install",
            *(f"{each.name}={each.candidate}" for each in pending),
        )
    outcome.kept_files = kept_conffiles(runner, [each.name for each in pending], began)
    _see({each.name: each.candidate for each in pending}, runner)


def undo(apt: AptGet, outcome: Outcome, *, check: bool, journal: Path = JOURNAL, store: Path = STORE) -> None:
    """Bring back the versions that the last patching has replaced on this host, as far as they can be taken back.

    A package that somebody else has changed since stays as it is.

    Raises:
        OpsError: with what to do next.
    """
    runner = apt.runner
    entry = read_journal(journal)
    now = versions_now(runner)
    ours = [each for each in entry["changes"] if now.get(each.name) == each.candidate]
    outcome.stay = {each.name: each.way_back for each in ours if each.way_back}
    outcome.stay |= {
        each.name: "changed_since"
        for each in entry["changes"]
        if now.get(each.name) not in (each.candidate, each.installed or None)
    }
    back = [each for each in ours if not each.way_back and each.installed]
    for each in back:
        if not (store / each.old_file).is_file():
            outcome.stay[each.name] = "no_old_package"
    back = [each for each in back if each.name not in outcome.stay]
    # What another package that stays has needed stays with it.
    new = [] if outcome.stay else [each for each in ours if not each.way_back and not each.installed]
    outcome.changed = {each.name: {"before": each.candidate, "after": each.installed} for each in [*back, *new]}
    if not outcome.changed:
        concluded(entry["run_id"], outcome, check=check, journal=journal)
        return
    outcome.steps.append(f"take {len(outcome.changed)} packages back")
    if check:
        return
    # Where a list names the version, apt wants its file among its archives; where none does, it takes the file as it is named.
    for each in back:
        if not (ARCHIVES / each.old_file).is_file():
            shutil.copyfile(store / each.old_file, ARCHIVES / each.old_file)
    with _Marks(runner, [each.name for each in back], outcome, journal.with_name(MARKS)):
        apt.get(
            "--no-download", "--allow-downgrades", "--allow-change-held-packages", *(() if new else ("--no-remove",)), "install",
            *(str(ARCHIVES / each.old_file) for each in back), *(f"{each.name}-" for each in new),
        )  # fmt: skip
    _see({each.name: each.installed for each in [*back, *new]}, runner)
    concluded(entry["run_id"], outcome, check=check, journal=journal)


def concluded(run_id: str, outcome: Outcome, *, check: bool, journal: Path = JOURNAL) -> None:
    """Conclude a run's changes, and say it where they were open. Raises PackageError."""
    if conclude(run_id, journal, check=check):
        outcome.steps.append("conclude")


def put_old_files_back(
    apt: AptGet, outcome: Outcome, *, check: bool, journal: Path = JOURNAL, store: Path = STORE
) -> None:
    """Lay the old version over packages of the last patching that cannot be configured in the new one, such as for a script that fails. Raises AptTrouble."""
    found = {name.partition(":")[0]: version for name, version, status in _every(apt.runner) if status != "installed"}
    stuck = [
        each
        for each in read_journal(journal)["changes"]
        if each.installed and found.get(each.name.partition(":")[0]) == each.candidate
    ]
    files = [str(store / each.old_file) for each in stuck if (store / each.old_file).is_file()]
    if files:
        outcome.steps.append(f"put {', '.join(each.old_file for each in stuck)} back")
    if files and not check:
        apt.run(["dpkg", *CONFFILE_OPTIONS, "--install", *files])


def _see(wanted: Mapping[str, str], runner: Runner) -> None:
    """Raise PackageError where a package is not what apt was asked for, whatever its exit status was."""
    now = versions_now(runner)
    wrong = [
        f"{name} is {now.get(name, 'not installed')} instead of {version or 'gone'}"
        for name, version in wanted.items()
        if now.get(name, "") != version
    ]
    if wrong:
        raise PackageError(f"apt ended well, but {'; '.join(wrong)}; look at /var/log/apt/term.log")


class _Marks:
    """What apt forgets when it is asked for a version by name: that a package is on hold, and that it was installed automatically.

    They stand in a file meanwhile, so that whoever comes after a run that was killed puts them back.
    """

    def __init__(self, runner: Runner, names: Sequence[str], outcome: Outcome, file: Path) -> None:
        self.runner, self.outcome, self.file = runner, outcome, file
        left = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        self.held = sorted({*self._shown("showhold", names), *left.get("hold", [])})
        self.automatic = sorted({*self._shown("showauto", names), *left.get("auto", [])})
        write_text(TextFile(file, json.dumps({"hold": self.held, "auto": self.automatic}) + "\n", mode=0o600))

    def _shown(self, what: str, names: Sequence[str]) -> list[str]:
        return run_checked(self.runner, ["apt-mark", what, *names], f"apt-mark {what}").stdout.split() if names else []

    def __enter__(self) -> None:
        """Nothing has to be done before."""

    def __exit__(self, *_failure: object) -> None:
        """Put the marks back, also after a failure."""
        for word, names in (("hold", self.held), ("auto", self.automatic)):
            if names:
                run_checked(self.runner, ["apt-mark", word, *names], f"apt-mark {word}")
        if self.held:
            self.outcome.steps.append(f"put {', '.join(self.held)} back on hold")
        self.file.unlink()
