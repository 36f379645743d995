# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of an app host's releases: which one is current, which was good before, which are BAD, which slot holds what.

It is kept as JSON in `/var/lib/traumalink/<name>/releases.json`, since directory times say nothing that can be relied on.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .errors import OpsError
from .manifest import version_key
from .record import one_line

__all__ = ["SLOTS", "Placed", "Register", "RegisterError", "Staged", "choose_slot", "read_register", "register_of"]

SLOTS = ("blue", "green")
# Format 1 had no times, no clean-up and no finalized version; it is read as well.
FORMAT = 2
READABLE = (1, 2)


class RegisterError(OpsError):
    """The register is damaged, or what is asked for contradicts it."""


@dataclass(frozen=True)
class Staged:
    """A release that was unpacked on this host.

    Attributes:
        sha256: of its archive; "" where a version was marked BAD that never came here.
        signer: the principal who signed it.
        bad: why it is BAD, "" where it is not.
        activated_at: when it became current the last time, ISO 8601 in UTC; "" where it never did, or nobody kept the time.
        retired: its folder was removed; the entry stays, since a version never changes and a BAD one is not tried again.
    """

    sha256: str
    signer: str
    bad: str = ""
    activated_at: str = ""
    retired: bool = False


@dataclass(frozen=True)
class Placed:
    """A version and the slot it runs in."""

    version: str
    slot: str


@dataclass(frozen=True)
class Register:
    """The releases of one application on one host.

    Attributes:
        releases: each version that ever came here.
        slots: slot to the version that its link leads to.
        current: what runs; previous_good: where a rollback goes.
        final: the version whose contract migrations have begun, or that came by breaking ones: from it there is no way back.
    """

    releases: Mapping[str, Staged] = field(default_factory=dict)
    slots: Mapping[str, str] = field(default_factory=dict)
    current: Placed | None = None
    previous_good: Placed | None = None
    final: str = ""

    def as_text(self) -> str:
        """Return the register as it stands in its file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, sort_keys=True) + "\n"

    def bad(self, version: str) -> str:
        """Return why a version is BAD on this host, "" where it is not."""
        return self.releases.get(version, Staged("", "")).bad

    @property
    def kept(self) -> set[str]:
        """The versions that are live or where a rollback goes."""
        return {placed.version for placed in (self.current, self.previous_good) if placed is not None}

    def staged(self, version: str, release: Staged, slot: str) -> Register:
        """Return the register after `version` was laid into `slot`."""
        return self._with(version, replace(release, retired=False), slots={**self.slots, slot: version})

    def activated(self, version: str, at: str = "") -> Register:
        """Return the register after `version` was seen healthy: it is current since `at`, and what was current is the previous good one.

        Raises:
            RegisterError: no slot holds it, or it is BAD.
        """
        if self.current is not None and self.current.version == version:
            return self
        if reason := self.bad(version):
            raise RegisterError(f"{version} was marked BAD on this host ({reason}) and cannot become current.")
        slot = self._slot_of(version, "become current")
        good = self.current
        if good is not None and self.bad(good.version):
            good = self.previous_good
        if good is not None and good.version == version:
            good = None
        entry = replace(self.releases[version], activated_at=at)
        return self._with(version, entry, current=Placed(version, slot), previous_good=good)

    def rolled_back(self, version: str, at: str = "", reason: str = "") -> Register:
        """Return the register after this host went back to `version`, its previous good one; unchanged where that is current already.

        With a `reason`, the version that was left is BAD. A rollback takes back one upgrade: there is no previous good one afterwards.

        Raises:
            RegisterError: `version` is not where this host can go back to.
        """
        left = self.current
        if left is not None and left.version == version:
            return self
        if left is not None and self.final == left.version:
            raise RegisterError(
                f"{left.version} is final: its migrations took away what {version} needs. Two ways are left: a new release that mends what is wrong "
                "(traumalink.ops.upgrade), or the database as it was at an earlier time, with the loss of all that was written since "
                "(traumalink.ops.restore)."
            )
        good = self.previous_good
        if left is None or good is None or good.version != version:
            raise RegisterError(
                f"This host goes back to {good.version if good else 'no version'}, not to {version}; the previous good version of "
                "each host is in traumalink.ops.version_register."
            )
        slot = self._slot_of(version, "be gone back to")
        entry = replace(self.releases[version], activated_at=at)
        after = self._with(version, entry, current=Placed(version, slot), previous_good=None)
        return after.marked_bad(left.version, reason) if reason else after

    def marked_bad(self, version: str, reason: str, sha256: str = "") -> Register:
        """Return the register with `version` as BAD; the first reason stays. It may be one that never came here.

        Raises:
            RegisterError: there is no reason.
        """
        if self.bad(version):
            return self
        if not reason.strip():
            raise RegisterError(f"{version} cannot be marked BAD without a reason; say what was seen.")
        entry = self.releases.get(version, Staged(sha256, "", retired=True))
        good = self.previous_good
        if good is not None and good.version == version:
            good = None
        return self._with(version, replace(entry, bad=one_line(reason)), previous_good=good)

    def cleared(self, version: str) -> Register:
        """Return the register with BAD taken back from `version`, as a person said."""
        entry = self.releases.get(version)
        return self if entry is None or not entry.bad else self._with(version, replace(entry, bad=""))

    def finalized(self, version: str) -> Register:
        """Return the register from before the first contract migration on: the current version is final, there is no way back.

        Raises:
            RegisterError: another version is current.
        """
        if self.current is None or self.current.version != version:
            raise RegisterError(
                f"{self.current.version if self.current else 'No version'} is current on this host, so {version} cannot be finalized."
            )
        return replace(self, previous_good=None, final=version)

    def surplus(self, keep: int, busy: Collection[str] = ()) -> list[str]:
        """Return the versions whose folders may go, oldest first: not live, not where a rollback goes, not in one of the `busy` slots.

        Of the others the `keep` newest that are not BAD stay; what is newer says the version, never a directory's time.
        """
        running = {version for slot, version in self.slots.items() if slot in busy}
        there = sorted((version for version, entry in self.releases.items() if not entry.retired), key=version_key)
        others = [version for version in there if version not in self.kept | running]
        fit = [version for version in others if not self.bad(version)]
        spared = set(fit[max(len(fit) - keep, 0) :])
        return [version for version in others if version not in spared]

    def retired(self, version: str) -> Register:
        """Return the register without the folder of `version`; its entry stays.

        Raises:
            RegisterError: it is live, or a rollback goes there.
        """
        if version in self.kept:
            raise RegisterError(f"{version} is current or the previous good version of this host; its folder stays.")
        slots = {slot: held for slot, held in self.slots.items() if held != version}
        entry = self.releases.get(version)
        return self if entry is None else self._with(version, replace(entry, retired=True), slots=slots)

    def _with(self, version: str, entry: Staged, **changes: Any) -> Register:
        return replace(self, releases={**self.releases, version: entry}, **changes)

    def _slot_of(self, version: str, purpose: str) -> str:
        for slot in SLOTS:
            if self.slots.get(slot) == version:
                return slot
        raise RegisterError(f"{version} is in no slot of this host and cannot {purpose}; stage it first")


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
        if data["format"] not in READABLE:
            raise RegisterError(f"{path} has format {data['format']}, this collection knows {FORMAT}; use a newer one")
        return register_of(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RegisterError(
            f"{path} is damaged ({type(error).__name__}: {error}). Put it back from a backup of this host: it says "
            "which version is current, and nothing else does."
        ) from None


def register_of(data: Mapping[str, Any]) -> Register:
    """Read a register from plain data, as `dataclasses.asdict` gives it.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none.
    """
    return Register(
        releases={str(version): Staged(**entry) for version, entry in data["releases"].items()},
        slots={str(slot): str(version) for slot, version in data["slots"].items()},
        current=_placed(data["current"]),
        previous_good=_placed(data["previous_good"]),
        final=str(data.get("final", "")),
    )


def choose_slot(register: Register, version: str, wanted: str | None = None) -> str:
    """Return the slot for `version`: the one that holds it, else the one that nothing current runs in.

    Raises:
        RegisterError: `wanted` is the slot in which another version is current, or the version is BAD.
    """
    current = register.current
    if (reason := register.bad(version)) and (current is None or current.version != version):
        raise RegisterError(
            f"{version} was marked BAD on this host ({reason}) and is not tried again. Have the vendor release a new version, or, once the "
            "cause is gone, say that it is to be tried again: -e upgrade_retry_bad=true"
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
