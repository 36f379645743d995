# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be started anew after packages were replaced: needrestart's batch output read, and who may be restarted by a patching."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .command import NotInstalled, Runner, run_checked
from .errors import OpsError

__all__ = ["DENIED", "MANAGER", "RestartNeeds", "asked", "divided", "read_batch", "restart"]

MANAGER = "systemd-manager"  # needrestart's word for systemd itself, which is executed anew, not restarted
# Never restarted by name, although needrestart -b names them (its own list of exceptions counts for its menu only). PostgreSQL has a step of its own with
# its downtime measured; without dbus and logind nothing can be asked of systemd for a moment and sessions end; the network must not go away under
# us; what runs our own work would end it. Where one of these needs it, that is told, and a reboot is the way.
DENIED = (
    "postgresql*", "dbus*", "systemd-logind*", "getty@*", "serial-getty@*", "console-getty*", "user@*", "networking*", "NetworkManager*",
    "systemd-networkd*", "ifup@*", "wpa_supplicant*", "traumalink-*", "apt-daily*", "unattended-upgrades*", "init.scope",
)  # fmt: skip
BY_REBOOT = (
    "dbus*",
    "systemd-logind*",
    "networking*",
    "NetworkManager*",
    "systemd-networkd*",
    "ifup@*",
    "wpa_supplicant*",
)
REBOOT_FILE = Path("/run/reboot-required")
KERNEL_STATES = {"1": "current", "2": "older_same_abi", "3": "older"}
RESTART_SECONDS = 300.0


class RestartError(OpsError):
    """A service does not come back."""


@dataclass(frozen=True)
class RestartNeeds:
    """What needrestart found.

    Attributes:
        known: whether it could be asked; where it is not installed, nothing is known of services.
        services: units that use files which were replaced, MANAGER for systemd itself.
        kernel_running, kernel_installed: releases, "" where there is no kernel of its own (a container). kernel: `current`, `older`,
            `older_same_abi` or `unknown`.
        reboot_asked: a package has asked for a reboot.
    """

    known: bool
    services: tuple[str, ...] = ()
    kernel_running: str = ""
    kernel_installed: str = ""
    kernel: str = "unknown"
    reboot_asked: bool = False

    @property
    def reboot(self) -> list[str]:
        """Why a reboot is needed, in words; none where it is not."""
        why = (
            [f"kernel {self.kernel_running} runs, {self.kernel_installed} is installed"]
            if self.kernel.startswith("older")
            else []
        )
        why += ["a package asks for it"] if self.reboot_asked else []
        return why + [f"{unit} cannot be restarted otherwise" for unit in self.services if _matches(unit, BY_REBOOT)]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "services": list(self.services), "reboot": self.reboot}


def _matches(unit: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(unit, pattern) for pattern in patterns)


def read_batch(output: str, reboot_asked: bool) -> RestartNeeds:
    """Return what `needrestart -b` said (README.batch.md of needrestart)."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^NEEDRESTART-([A-Z]+):\s*(.*)$", output, re.M):
        found.setdefault(key, []).append(value.strip())
    running, installed = (found.get(key, [""])[0] for key in ("KCUR", "KEXP"))
    state = KERNEL_STATES.get(found.get("KSTA", ["0"])[0], "unknown")
    return RestartNeeds(True, tuple(sorted(set(found.get("SVC", [])))), running, installed, state, reboot_asked)


def asked(runner: Runner, reboot_file: Path = REBOOT_FILE) -> RestartNeeds:
    """Ask needrestart.

    Raises:
        CommandError: it fails.
    """
    try:
        done = run_checked(
            runner, ["needrestart", "-b", "-r", "l"], "needrestart -b", environment={"NEEDRESTART_MODE": "l"}
        )
    except NotInstalled:
        return RestartNeeds(known=False, reboot_asked=reboot_file.exists())
    return read_batch(done.stdout, reboot_file.exists())


def divided(services: Sequence[str], denied: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the units that may be restarted, and those that may not; `denied` is the site's own list, beside DENIED."""
    left = [unit for unit in services if _matches(unit, (*DENIED, *denied))]
    return [unit for unit in services if unit not in left], left


def restart(units: Sequence[str], runner: Runner) -> None:
    """Restart units one after another, systemd itself first, and see that each runs afterwards.

    Raises:
        RestartError: one does not come back.
    """
    for unit in sorted(units, key=lambda name: name != MANAGER):
        argv = ["systemctl", "daemon-reexec"] if unit == MANAGER else ["systemctl", "try-restart", unit]
        done = runner(argv, timeout_seconds=RESTART_SECONDS)
        state = "active" if unit == MANAGER else runner(["systemctl", "is-failed", unit]).stdout.strip()
        if done.status != 0 or state == "failed":
            raise RestartError(
                f"{unit} does not come back after its restart: {done.said or state}; look at journalctl -u {unit}"
            )
