# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory must hold to be a site, and what follows from it: addresses, and who is primary now."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError

__all__ = ["SPARE", "SiteError", "any_may_restart", "host_address", "primary_host", "site_problems"]

# DESIGN, "Hosts": which groups a site has, and how many hosts each may hold.
# A site may name spares beside them: hosts on which the database can come back, or on which it was before it came back on another.
SPARE = "db_spare"
GROUPS = {"edge": (1, None), "app": (1, None), "db": (1, 1), "ops": (1, 1)}
PURPOSE = {
    "edge": "HAProxy in front of the application",
    "app": "the application",
    "db": "the database",
    "ops": "the backup repository and the ledger",
}


class SiteError(OpsError):
    """The inventory does not describe a site, or the site is not in the state that a verb needs."""


def site_problems(groups: Mapping[str, Sequence[str]], site_name: str | None, restore_host: str = "") -> list[str]:
    """Return everything that keeps an inventory from being a site, each with what to write; empty where it is one.

    Args:
        groups: Ansible's `groups`, group name to host names.
        site_name: the variable `site_name`, or None where it is not set.
        restore_host: the host on which a restore shall bring the database back; empty where none is named.
    """
    problems = []
    for name, (least, most) in GROUPS.items():
        hosts = groups.get(name, [])
        if len(hosts) < least:
            problems.append(f"the inventory has no host in group '{name}' ({PURPOSE[name]}); add one")
        elif most is not None and len(hosts) > most:
            spare = f"; name the others in group '{SPARE}'" if name == "db" else ""
            problems.append(f"group '{name}' has {len(hosts)} hosts ({', '.join(hosts)}); it takes {most}{spare}")
    serving, spares = set(groups.get("db", [])), set(groups.get(SPARE, []))
    for group, members in (("db", serving), (SPARE, spares)):
        if shared := sorted(members & set(groups.get("ops", []))):
            problems.append(
                f"{', '.join(shared)} is in '{group}' and in 'ops'; backups must outlive the database's host, so name another"
            )
    if both := sorted(serving & spares):
        problems.append(
            f"{', '.join(both)} is in 'db' and in '{SPARE}'; in 'db' is the host that serves, the others are spares"
        )
    if restore_host and restore_host not in serving | spares:
        databases = ", ".join(sorted(serving | spares)) or "none"
        problems.append(
            f"restore_host {restore_host} is no database host of the site ({databases}); name it in group '{SPARE}', with what "
            "the inventory says of a database host"
        )
    if site_name is None:
        problems.append("site_name is not set; write it into group_vars/all, for example site_name: example_hospital")
    elif not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", site_name):
        problems.append(
            f"site_name {site_name!r} is no name; use up to 32 lower-case letters, digits and _, a letter first"
        )
    return problems


def host_address(host: str, hostvars: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the address at which the site's other hosts reach `host`.

    `site_host_address` where the host has it, else the address that the controller uses, else its name.

    Raises:
        SiteError: the inventory has no such host.
    """
    if host not in hostvars:
        raise SiteError(f"the inventory has no host '{host}'")
    variables = hostvars[host]
    return str(variables.get("site_host_address") or variables.get("ansible_host") or host)


def primary_host(roles: Mapping[str, str]) -> str:
    """Return the one host that is primary now.

    Args:
        roles: database host to its role as seen: primary, standby, down or absent.

    Raises:
        SiteError: no host is primary, or more than one says so.
    """
    primaries = sorted(host for host, role in roles.items() if role == "primary")
    if len(primaries) == 1:
        return primaries[0]
    seen = ", ".join(f"{host} is {role}" for host, role in sorted(roles.items())) or "no database host was asked"
    if primaries:
        raise SiteError(
            f"more than one host says it is the primary ({seen}); stop the wrong one before anything else is done"
        )
    raise SiteError(
        f"no database host is primary ({seen}); start the server, or bring it back with traumalink.ops.restore"
    )


def any_may_restart(
    hosts: Sequence[str], hostvars: Mapping[str, Mapping[str, Any]], boolean: Callable[[Any], bool]
) -> bool:
    """Tell whether any of the hosts may restart what serves: each host's own variables count, not those of the first.

    Args:
        boolean: reads a truth value as Ansible does (`yes`, `"false"`).

    Raises:
        TypeError: a value is no truth value.
    """
    names = ("deploy_may_restart", "postgresql_may_restart")
    return any(boolean(hostvars[host].get(name, False)) for host in hosts if host in hostvars for name in names)
