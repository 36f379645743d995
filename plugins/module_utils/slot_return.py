# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two slots of an app host brought to one that serves, which the register says is current, from whatever state a change was left in.

Nothing is written here: the units, environments and releases of both slots are on the host already. So it needs no release at hand, no
secret and no variable of a site, and whoever comes after a controller that died can do it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .application import active_state
from .command import Runner, run_checked
from .errors import OpsError
from .manifest import MANIFEST_NAME, Manifest, read_manifest
from .release import Places
from .slots import SLOTS
from .units import unit_name

__all__ = ["SlotUnits", "serve", "settle", "singletons_stopped", "slots_of"]

RUNS = ("active", "activating", "reloading", "deactivating")


@dataclass(frozen=True)
class SlotUnits:
    """A slot that holds a release: its units that may run beside those of the other slot, and those that may not."""

    name: str
    slot: str
    version: str
    shared: tuple[str, ...]
    singletons: tuple[str, ...]


def slots_of(places: Places, slot: str = "") -> tuple[SlotUnits | None, list[SlotUnits]]:
    """Return the slot that is to serve (None where no release is), and the others that hold a release.

    Args:
        slot: that is to serve; "": the current one.

    Raises:
        OpsError: the register or a manifest is damaged, or the slot is empty.
    """
    register = places.register()
    if slot and slot not in register.slots:
        raise OpsError(f"slot {slot} of {places.name} holds no release on this host; stage one there first")
    found = {
        slot: _units(places.name, slot, _manifest(places, register.slots[slot]))
        for slot in SLOTS
        if slot in register.slots
    }
    wanted = slot or (register.current.slot if register.current else "")
    return found.pop(wanted, None), list(found.values())


def _manifest(places: Places, version: str) -> Manifest:
    path = places.releases / version / MANIFEST_NAME
    try:
        return read_manifest(json.loads(path.read_text(encoding="utf-8")), packed=True)
    except (OSError, ValueError) as error:
        raise OpsError(
            f"{path} cannot be read ({error}), so nothing is known of what runs there; stage {version} again"
        ) from None


def _units(name: str, slot: str, manifest: Manifest) -> SlotUnits:
    named = [(unit_name(name, process.name, slot), process.singleton) for process in manifest.processes]
    return SlotUnits(
        name,
        slot,
        manifest.version,
        tuple(unit for unit, singleton in named if not singleton),
        tuple(unit for unit, singleton in named if singleton),
    )


def serve(current: SlotUnits, runner: Runner, *, check: bool = False) -> list[str]:
    """Have the current slot take requests: start its units but the singletons, now and at each boot. Return the steps in words."""
    return _up(current.shared, runner, check=check)


def singletons_stopped(slots: Sequence[SlotUnits], runner: Runner, *, check: bool = False) -> list[str]:
    """Stop the singletons of these slots for good, before another slot or host starts them. Return the steps in words."""
    return [step for each in slots for step in _down(each.singletons, runner, check=check)]


def settle(
    current: SlotUnits, others: Sequence[SlotUnits], runner: Runner, *, singletons: bool, check: bool = False
) -> list[str]:
    """Stop everything of the other slots for good, and let the singletons run in the current one, or here not at all. Return the steps in words.

    Args:
        singletons: whether this host runs them. They start when nothing of the other slots runs any more.
    """
    steps = [step for each in others for step in _down((*each.singletons, *each.shared), runner, check=check)]
    bring = _up if singletons else _down
    return steps + bring(current.singletons, runner, check=check)


def _up(units: Sequence[str], runner: Runner, *, check: bool) -> list[str]:
    steps = []
    for unit in units:
        state, enabled = active_state(unit, runner), _is_enabled(unit, runner)
        if state not in ("active", "reloading") or not enabled:
            steps.append(f"start {unit}")
            if not check:
                run_checked(runner, ["systemctl", "enable", "--now", unit], f"starting {unit}")
    return steps


def _down(units: Sequence[str], runner: Runner, *, check: bool) -> list[str]:
    steps = []
    for unit in units:
        if active_state(unit, runner) in RUNS or _is_enabled(unit, runner):
            steps.append(f"stop {unit}")
            if not check:
                run_checked(runner, ["systemctl", "disable", "--now", unit], f"stopping {unit}")
    return steps


def _is_enabled(unit: str, runner: Runner) -> bool:
    show = ["systemctl", "show", "-p", "UnitFileState", "--value", unit]
    return run_checked(runner, show, f"asking systemd for {unit}").stdout.strip() == "enabled"
