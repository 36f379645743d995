# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd unit that runs with its files as they are now.

Handlers are lost when a run is killed between writing a file and notifying. Here the question is asked of the host: has the
unit read what its files say? The answer is a fingerprint of the files, kept in /run beside the unit's start time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .command import Runner, run_checked
from .errors import OpsError
from .files import fingerprint

__all__ = ["Service", "ServiceError", "ensure"]

STAMPS = Path("/run/traumalink")


class ServiceError(OpsError):
    """The unit does not run."""


@dataclass(frozen=True)
class Service:
    """A unit as it should be: enabled, active, and up to date with `files`.

    Attributes:
        name: the unit, with its suffix.
        files: the files that the unit reads at start or reload; its own unit files are watched as well when named.
        on_change: `reload` or `restart`: what makes it read them again.
        settle_seconds: how long it must have stayed up to count as running; a unit that dies at once is active for a moment too.
    """

    name: str
    files: Sequence[Path]
    on_change: str = "restart"
    stamps: Path = STAMPS
    settle_seconds: float = 1.0

    @property
    def stamp(self) -> Path:
        """Where the fingerprint of what the unit has read is kept; /run, since a reboot reads everything anew."""
        return self.stamps / f"{self.name}.loaded"


def properties(service: Service, runner: Runner) -> dict[str, str]:
    """Return what systemd says of the unit."""
    names = "LoadState,ActiveState,UnitFileState,InvocationID,ActiveEnterTimestamp"
    argv = ["systemctl", "show", "--timestamp=unix", "-p", names, service.name]
    done = run_checked(runner, argv, f"asking systemd for {service.name}")
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def has_read(service: Service, current: str, found: dict[str, str]) -> bool:
    """Tell whether the unit runs with its files as they are: we saw it read them, or it was started after their last change.

    The second holds after a reboot, or when somebody else restarted the unit.
    """
    stamp = service.stamp.read_text(encoding="ascii") if service.stamp.exists() else ""
    if stamp == current:
        return True
    if stamp.startswith(f"{found.get('InvocationID')} "):
        return False
    started = found.get("ActiveEnterTimestamp", "").removeprefix("@")  # whole seconds, rounded down
    return started.isdigit() and all(path.exists() and path.stat().st_mtime < int(started) for path in service.files)


def ensure(
    service: Service, runner: Runner, *, check: bool = False, sleep: Callable[[float], None] = time.sleep
) -> list[str]:
    """Bring the unit to its wanted state; return the steps in words, none where there was nothing to do.

    Raises:
        ServiceError: the unit does not exist, or does not become active.
    """
    if not check:
        run_checked(runner, ["systemctl", "daemon-reload"], "reading systemd's unit files")
    found = properties(service, runner)
    if found.get("LoadState") == "not-found":
        if check:
            return ["enable", "start"]
        raise ServiceError(f"{service.name} does not exist on this host; install it first")
    steps = [] if found.get("UnitFileState") in ("enabled", "static", "generated") else ["enable"]
    read = fingerprint(
        service.files
    )  # before the unit reads them: a file that changes meanwhile is caught by the next run
    current = f"{found.get('InvocationID')} {read}"
    if found.get("ActiveState") not in ("active", "reloading"):
        steps.append("start")
    elif not has_read(service, current, found):
        steps.append(service.on_change)
    if check or not steps:
        return steps
    for verb in steps:
        done = runner(["systemctl", verb, service.name])
        if done.status != 0:
            raise ServiceError(
                f"systemctl {verb} {service.name} failed: {done.said}; look at journalctl -u {service.name}"
            )
    sleep(service.settle_seconds)
    remember(service, runner, properties(service, runner), read)
    return steps


def remember(service: Service, runner: Runner, found: dict[str, str], read: str | None = None) -> None:
    """See that the unit is active, and keep what it has read: the fingerprint `read`, or that of its files as they are now."""
    if found.get("ActiveState") != "active":
        log = runner(["journalctl", "-u", service.name, "-n", "5", "--no-pager", "-o", "cat"]).stdout.strip()
        raise ServiceError(f"{service.name} is {found.get('ActiveState')} after its start: {log}")
    service.stamps.mkdir(mode=0o755, exist_ok=True)
    temporary = service.stamp.with_suffix(".new")
    temporary.write_text(f"{found.get('InvocationID')} {read or fingerprint(service.files)}", encoding="ascii")
    os.replace(temporary, service.stamp)  # noqa: PTH105 - the atomic step
