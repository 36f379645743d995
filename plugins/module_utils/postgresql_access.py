# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may connect to PostgreSQL: lines of pg_hba.conf and pg_ident.conf (PostgreSQL documentation, chapter 21.1 and 21.2)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import OpsError

__all__ = ["AccessError", "Client", "hba_lines", "ident_lines"]

# Maps the server's system user to the backup's database role: pgBackRest runs as that user, to read the data files.
MAP = "traumalink"

# Words with a meaning of their own as a database or a user, unless they are quoted (chapter 21.1).
KEYWORDS = ("all", "sameuser", "samerole", "samegroup", "replication")


class AccessError(OpsError):
    """A client's description would open more than it says, or nothing at all."""


@dataclass(frozen=True)
class Client:
    """Who may connect over the network: roles of one database, from these addresses."""

    database: str
    roles: Sequence[str]
    addresses: Sequence[str]


def hba_lines(clients: Sequence[Client], backup_role: str) -> list[str]:
    """Return the lines of pg_hba.conf: the backup by its system user, clients over TLS with SCRAM, nothing wider.

    Raises:
        AccessError: a name or an address is none.
    """
    lines = [f"local all {quoted(backup_role)} peer map={MAP}"]
    for client in clients:
        roles = ",".join(quoted(role) for role in client.roles)
        lines += [
            f"hostssl {quoted(client.database)} {roles} {address_field(address)} scram-sha-256"
            for address in client.addresses
        ]
    return lines


def ident_lines(backup_role: str) -> list[str]:
    """Return the lines of pg_ident.conf that let the server's system user act as the backup's role."""
    return [f"{MAP} postgres {quoted(backup_role)}"]


def quoted(name: str) -> str:
    """Return a name as it stands in pg_hba.conf; quotes take away the meaning of words such as `all`."""
    if not name or re.search(r'["\n\r\0]', name):
        raise AccessError(f"{name!r} cannot stand in pg_hba.conf; use a name without quotes and line breaks")
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in KEYWORDS else f'"{name}"'


def address_field(address: str) -> str:
    """Return an address with its mask: a single one stands for itself alone."""
    try:
        return str(ipaddress.ip_network(address))
    except ValueError:
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9.-]*", address) and address not in ("all", "samehost", "samenet"):
            return address
        raise AccessError(
            f"{address!r} is no IP address, network or host name; write for example 10.1.2.3 or 10.1.2.0/24"
        ) from None
