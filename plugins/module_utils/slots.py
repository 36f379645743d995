# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of an app host's releases: which one is current, which was good before, which are BAD, which slot holds what.

It is kept as JSON in `/var/lib/traumalink/<name>/releases.json`, since directory times say nothing that can be relied on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .errors import OpsError

__all__ = ["SLOTS", "Placed", "Register", "RegisterError", "Staged", "choose_slot", "read_register"]

SLOTS = ("blue", "green")
FORMAT = 1


class RegisterError(OpsError):
    """The register is damaged, or what is asked for contradicts it."""


@dataclass(frozen=True)
class Staged:
    """A release that was unpacked on this host: its archive's SHA-256, who signed it, and why it is BAD if it is."""

    sha256: str
    signer: str
    bad: str = ""


@dataclass(frozen=True)
class Placed:
    """A version and the slot it runs in."""

    version: str
    slot: str


@dataclass(frozen=True)
class Register:
    """The releases of one application on one host."""

    releases: Mapping[str, Staged] = field(default_factory=dict)
    slots: Mapping[str, str] = field(default_factory=dict)
    current: Placed | None = None
    previous_good: Placed | None = None

    def as_text(self) -> str:
        """Return the register as it stands in its file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, sort_keys=True) + "\n"

    def staged(self, version: str, release: Staged, slot: str) -> Register:
        """Return the register after `version` was laid into `slot`."""
        return replace(self, releases={**self.releases, version: release}, slots={**self.slots, slot: version})

    def activated(self, version: str) -> Register:
        """Return the register after `version` was seen healthy: it is current, and what was current is the previous good one.

        Raises:
            RegisterError: no slot holds it.
        """
        if self.current is not None and self.current.version == version:
            return self
        slot = next((slot for slot in SLOTS if self.slots.get(slot) == version), None)
        if slot is None:
            raise RegisterError(f"{version} is in no slot of this host and cannot become current; stage it first")
        good = self.current
        if good is not None and self.releases.get(good.version, Staged("", "")).bad:
            good = self.previous_good
        return replace(self, current=Placed(version, slot), previous_good=good)


def _placed(data: Any) -> Placed | None:
    return None if data is None else Placed(str(data["version"]), str(data["slot"]))


def read_register(text: str | None, path: str) -> Register:
    """Read the register; None (no file yet) is an empty one. `path` names it in messages.

    Raises:
        RegisterError: it is damaged; nothing is guessed from the folders that are there.
    """
    if text is None:
        return Register()
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise RegisterError(f"{path} has format {data['format']}, this collection knows {FORMAT}; use a newer one")
        return Register(
            releases={str(version): Staged(**entry) for version, entry in data["releases"].items()},
            slots={str(slot): str(version) for slot, version in data["slots"].items()},
            current=_placed(data["current"]),
            previous_good=_placed(data["previous_good"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RegisterError(
            f"{path} is damaged ({type(error).__name__}: {error}). Put it back from a backup of this host: it says "
            "which version is current, and nothing else does."
        ) from None


def choose_slot(register: Register, version: str, wanted: str | None = None) -> str:
    """Return the slot for `version`: the one that holds it, else the one that nothing current runs in.

    Raises:
        RegisterError: `wanted` is the slot in which another version is current, or the version is BAD.
    """
    current = register.current
    if (reason := register.releases.get(version, Staged("", "")).bad) and (
        current is None or current.version != version
    ):
        raise RegisterError(
            f"{version} was marked BAD on this host ({reason}) and is not tried again; release a new version"
        )
    if wanted is None:
        if current is not None and current.version == version:
            return current.slot
        holding = [slot for slot in SLOTS if register.slots.get(slot) == version]
        idle = [slot for slot in SLOTS if current is None or slot != current.slot]
        return next((slot for slot in holding if slot in idle), idle[0])
    if current is not None and wanted == current.slot and current.version != version:
        raise RegisterError(
            f"{current.version} is current in slot {wanted}; {version} can go to the other slot only, by traumalink.ops.upgrade"
        )
    return wanted
