# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd units of an application: a sandboxed template for each process, whose instances are the slots.

What may differ between two releases (the command) stands in a drop-in of the slot's instance, so that staging a new release
in one slot never changes what the other slot would start.
"""

from __future__ import annotations

import re

from .errors import OpsError
from .manifest import Process

__all__ = ["environment_file", "instance_drop_in", "quoted", "template_unit", "unit_name"]

CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")

# Each of these is explained in systemd.exec(5); `systemd-analyze security` judges them together. PrivateUsers= is left out: where a
# kernel or container forbids user namespaces the unit would not start at all. @setuid is
# let in again: gunicorn sets its own user on itself, and without capabilities no other.
SANDBOX = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateIPC=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallFilter=@setuid
SystemCallErrorNumber=EPERM
UMask=0077
"""


def unit_name(name: str, process: str, slot: str) -> str:
    """Return the unit of a process in a slot."""
    return f"{name}-{process}@{slot}.service"


def quoted(argument: str) -> str:
    """Return one argument as it must stand in ExecStart=, so that systemd changes nothing in it.

    Source: systemd.service(5), "COMMAND LINES" (quotes, `$`), and systemd.unit(5), "SPECIFIERS" (`%`).
    """
    if CONTROL_CHARACTER.search(argument):
        raise OpsError(f"the argument {argument!r} holds a control character")
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$").replace("%", "%%")
    return f'"{escaped}"'


def template_unit(name: str, process: Process, user: str, configuration: str, slots: str) -> str:
    """Return the template unit of a process.

    Args:
        name: the application.
        process: what runs.
        user: the system user it runs as; the user's supplementary groups count.
        configuration: the folder of the environment files.
        slots: the folder of the slots' links.
    """
    return f"""\
# Written by traumalink.ops.slot. The command of each slot stands in its drop-in.
[Unit]
Description={name} {process.name} in slot %i
Wants=network-online.target
After=network-online.target
# A database that is away for an hour must not end the attempts to start.
StartLimitIntervalSec=0

[Service]
Type=exec
User={user}
WorkingDirectory={slots}/%i
EnvironmentFile={configuration}/%i.env
StateDirectory={name}
StateDirectoryMode=0750
Restart=on-failure
RestartSec=2s
# The main process ends its requests; what is left after that time is killed.
KillMode=mixed
TimeoutStopSec=45s
{SANDBOX}
[Install]
WantedBy=multi-user.target
"""


def instance_drop_in(process: Process, slot_folder: str, release: str) -> str:
    """Return the drop-in of a slot's instance: the command, and the release it belongs to."""
    program, *arguments = process.command
    if not program.startswith("/"):
        program = f"{slot_folder}/{program}"
    # The program's path is not quoted by `$$`: systemd does not expand variables there.
    command = " ".join([quoted(program).replace("$$", "$"), *map(quoted, arguments)])
    return f"# Written by traumalink.ops.slot for release {release}.\n[Service]\nExecStart={command}\n"


def environment_file(variables: dict[str, str]) -> str:
    """Return an EnvironmentFile, quoted as systemd.exec(5) reads it."""
    lines = ["# Written by traumalink.ops.slot."]
    for key, value in sorted(variables.items()):
        if not VARIABLE.fullmatch(key) or CONTROL_CHARACTER.search(value):
            raise OpsError(f"the environment variable {key!r} has an odd name, or a control character in its value")
        escaped = re.sub(r'([\\"$`])', r"\\\1", value)
        lines.append(f'{key}="{escaped}"')
    return "\n".join(lines) + "\n"
