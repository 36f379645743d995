# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployed application on an app host as a whole: what runs, and its processes stopped and started together."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .command import Runner, run_checked
from .errors import OpsError
from .manifest import MANIFEST_NAME, FunctionalModule, read_manifest
from .release import Places

UNITS_ROOT = Path("/etc/systemd/system")

__all__ = ["Application", "ApplicationError", "database_hosts", "deployed", "slot_url", "start", "stop"]


class ApplicationError(OpsError):
    """The application on this host is not in a state that can be told or changed."""


@dataclass(frozen=True)
class Application:
    """What is deployed on this host.

    Attributes:
        name, version: of the application, and of the release that is current; slot: in which it runs.
        modules: its functional modules.
        database_hosts: at which it asks for its database.
        previous_good: the version that was current before, "" where there was none.
        migrations: ids of the migrations of the release that is current.
        url: where its slot answers, "" where it was never told.
    """

    name: str
    version: str
    slot: str
    modules: tuple[FunctionalModule, ...]
    database_hosts: tuple[str, ...] = ()
    previous_good: str = ""
    migrations: tuple[str, ...] = ()
    url: str = ""


def deployed(
    root: Path = Path("/opt"),
    state_root: Path = Path("/var/lib/traumalink"),
    configuration_root: Path = Path("/etc/traumalink"),
) -> list[Application]:
    """Return the applications that are deployed on this host, by name.

    Raises:
        OpsError: a register or manifest is damaged.
    """
    applications = []
    for register_file in sorted(state_root.glob("*/releases.json")):
        places = Places(register_file.parent.name, root, state_root)
        register = places.register()
        current, good = register.current, register.previous_good
        if current is None:
            continue
        text = (places.releases / current.version / MANIFEST_NAME).read_text(encoding="utf-8")
        manifest = read_manifest(json.loads(text), packed=True)
        environment = configuration_root / places.name / f"{current.slot}.env"
        applications.append(
            Application(
                places.name,
                current.version,
                current.slot,
                manifest.modules,
                database_hosts(environment),
                good.version if good else "",
                tuple(migration.id for migration in manifest.migrations),
                slot_url(environment),
            )
        )
    return applications


def database_hosts(environment: Path) -> tuple[str, ...]:
    """Return the hosts at which a slot's processes ask for their database: those of the connection string in its environment file."""
    try:
        text = environment.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    found = re.search(r"""^DATABASE_DSN="host=([^ "]+)""", text, re.M)
    return tuple(found[1].split(",")) if found else ()


def slot_url(environment: Path) -> str:
    """Return the address at which a slot's processes listen, as its environment file has it."""
    try:
        text = environment.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    told = dict(re.findall(r"""^(LISTEN_ADDRESS|LISTEN_PORT|TLS_CERTIFICATE)="([^"]*)"$""", text, re.M))
    if not told.get("LISTEN_ADDRESS") or not told.get("LISTEN_PORT"):
        return ""
    address = told["LISTEN_ADDRESS"]
    scheme = "https" if told.get("TLS_CERTIFICATE") else "http"
    return f"{scheme}://{f'[{address}]' if ':' in address else address}:{told['LISTEN_PORT']}"


def units(application: Application, units_root: Path = UNITS_ROOT) -> list[str]:
    """Return the units of the running slot that belong on this host: those that are enabled.

    Read from the links that enabling makes: `systemctl list-unit-files` tells templates, not their enabled instances.
    """
    return sorted({link.name for link in units_root.glob(f"*.wants/{application.name}-*@{application.slot}.service")})


def stop(application: Application, runner: Runner, *, check: bool = False, units_root: Path = UNITS_ROOT) -> list[str]:
    """Stop the application's processes; they stay enabled, so that `start` finds them. Return what was or would be stopped."""
    states = ("active", "activating", "reloading", "deactivating")
    return bring(units(application, units_root), runner, "stop", states, check=check)


def start(application: Application, runner: Runner, *, check: bool = False, units_root: Path = UNITS_ROOT) -> list[str]:
    """Start the application's processes; return what was or would be started."""
    return bring(units(application, units_root), runner, "start", ("inactive", "failed"), check=check)


def bring(names: Sequence[str], runner: Runner, verb: str, states: Sequence[str], *, check: bool) -> list[str]:
    """Carry `verb` out on the units that are in one of `states`, and return them."""
    chosen = [unit for unit in names if active_state(unit, runner) in states]
    if chosen and not check:
        run_checked(runner, ["systemctl", verb, *chosen], f"systemctl {verb} of {', '.join(chosen)}")
    return chosen


def active_state(unit: str, runner: Runner) -> str:
    """Return systemd's ActiveState of a unit."""
    done = run_checked(
        runner, ["systemctl", "show", "-p", "ActiveState", "--value", unit], f"asking systemd for {unit}"
    )
    return done.stdout.strip()
