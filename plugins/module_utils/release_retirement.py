# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cleaning up after releases: folders that nobody needs go, by the register alone; what lives or is gone back to stays.

First the link of a freed slot, then the register, then the folder: a run that is killed in between is finished by the next one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .command import Runner, run_checked
from .release_folder import leftovers, remove, tidy
from .release_places import Places, leads_to, target_of, unlink
from .slots import SLOTS, Register, RegisterError

__all__ = ["Retirement", "busy_slots", "retire"]

RUNNING = "active,activating,reloading,deactivating"


@dataclass(frozen=True)
class Retirement:
    """The register before and after, and the versions whose folders went or would go."""

    before: Register
    after: Register
    versions: tuple[str, ...]
    changed: bool


def busy_slots(name: str, register: Register, runner: Runner) -> list[str]:
    """Return the slots in which a process of the application runs, starts or ends.

    Raises:
        CommandError: systemd does not answer.
    """
    return [slot for slot in SLOTS if slot in register.slots and _runs(name, slot, runner)]


def _runs(name: str, slot: str, runner: Runner) -> bool:
    units = f"{name}-*@{slot}.service"
    asked = ["systemctl", "list-units", "--all", "--plain", "--no-legend", f"--state={RUNNING}", units]
    return bool(run_checked(runner, asked, f"asking systemd for {units}").stdout.strip())


def retire(
    places: Places, runner: Runner, *, keep: int = 2, version: str | None = None, check: bool = False
) -> Retirement:
    """Remove the folders of versions that nobody needs, and free their slots; with `version`, of this one alone.

    The `keep` newest of them stay. What the register does not know is not touched.

    Raises:
        RegisterError: `version` is live, a rollback goes there, or a process of it runs.
    """
    before = places.register()
    busy = busy_slots(places.name, before, runner)
    chosen = [version] if version else before.surplus(keep, busy)
    if version:
        _refuse_running(version, before, busy)
    after = before
    for each in chosen:
        after = after.retired(each)
    gone = tuple(each for each, entry in after.releases.items() if entry.retired and _may_go(places, after, each))
    changed = after != before or bool(gone) or bool(leftovers(places.releases))
    if changed and not check:
        _carry_out(places, before, after, gone)
    return Retirement(before, after, gone, changed)


def _refuse_running(version: str, register: Register, busy: Collection[str]) -> None:
    for slot in busy:
        if register.slots[slot] == version:
            raise RegisterError(
                f"{version} runs in slot {slot} of this host; stop it first (traumalink.ops.slot, state stopped)."
            )


def _may_go(places: Places, register: Register, version: str) -> bool:
    """Tell whether a retired version's folder is there and no link of a slot that stays leads to it, whatever the register says."""
    used = any(leads_to(places.slot(slot), target_of(version)) for slot in register.slots)
    return places.folder(version).is_dir() and not used


def _carry_out(places: Places, before: Register, after: Register, gone: Collection[str]) -> None:
    for slot in set(before.slots) - set(after.slots):
        unlink(places.slot(slot))
    if after != before:
        places.record(after)
    for version in gone:
        remove(places.folder(version))
    tidy(places.releases)
