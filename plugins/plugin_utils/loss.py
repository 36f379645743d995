# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment would lose: a database that an empty one would replace, or WAL that an unconcluded restore did not bring back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Place", "loss_problem"]


@dataclass(frozen=True)
class Place:
    """Where a site's database and its repository lie."""

    site: str
    database_host: str
    data_directory: str
    repository_host: str
    stanza: str


def loss_problem(data: Mapping[str, Any], repository: Mapping[str, Any], place: Place, *, confirmed: bool) -> str:
    """Return why a deployment must not go on, with what to do; empty where it may.

    Args:
        data: what M(traumalink.ops.data_directory_info) says on the database's host.
        repository: what M(traumalink.ops.pgbackrest_info) says on the repository's.
        confirmed: whether somebody has agreed to what is lost (`backup_loss_confirm`).
    """
    where = f"{place.data_directory} on {place.database_host}"
    restore = f"traumalink.ops.restore -e restore_confirm={place.site}"
    agree = f"traumalink.ops.site -e backup_loss_confirm={place.site}"
    newest, state = repository.get("newest"), data["restore"]
    if state == "copying":
        return f"A restore into {where} was cut off while it copied. Finish it with {restore}. Nothing was changed."
    if state == "replaying" and not confirmed:
        return (
            f"A restore into {where} is under way: all is laid down, and its WAL is not replayed to the end. Finish it with {restore}, which "
            f"also says how far it came back. To serve with whatever comes back: {agree}. Nothing was changed."
        )
    if state == "served" and not confirmed:
        return (
            f"A restore into {where} was never concluded: its server takes writes, and nobody has seen whether all archived WAL is in it. To "
            f"serve with what came back: {agree}. To bring it back anew, with what is there now kept aside: {restore}. Nothing was changed."
        )
    if data["exists"]:
        return ""
    if newest:
        return (
            f"{place.database_host} has no data in {place.data_directory}, but the repository on {place.repository_host} holds backup "
            f"{newest['label']} of {place.stanza}; an empty database would take its place. Bring it back with traumalink.ops.restore, or set "
            "postgresql_data_directory to where the data lies. Nothing was changed."
        )
    if repository.get("exists") and not confirmed:
        wal = f" (WAL to {repository['wal_max']})" if repository.get("wal_max") else ""
        return (
            f"{place.database_host} has no data in {place.data_directory}, but the repository on {place.repository_host} knows a database of "
            f"{place.stanza}{wal}, without any backup; an empty database would take its place. If its disk is not mounted, mount it, or set "
            "postgresql_data_directory to where the data lies. If it is gone, nothing can bring it back, since WAL alone is not enough; to begin "
            f"with an empty database: {agree}. Nothing was changed."
        )
    return ""
