# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spare database hosts: what they say of themselves, and which of them serves an older copy beside the database that came back elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.site import SPARE, SiteError

__all__ = ["serving_spares"]


def serving_spares(host: str, answer: Mapping[str, Any], spares: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the spares that take writes on an older timeline than the site's database: each was lost, and has come back by itself.

    A restore always ends on a new timeline, so of two copies the one on the higher is the one that was meant to serve.

    Args:
        host: the host in group `db`, with the `answer` of M(traumalink.ops.postgresql_role_info) there.
        spares: the answers of the spares, each with its host as `item`; one that cannot be reached has no role.

    Raises:
        SiteError: the inventory names the wrong host: the one in `db` was retired, or a spare serves what it does not.
    """
    if answer["role"] == "retired":
        raise SiteError(
            f"{host} is retired: the database has come back on {answer['successor']}. In the inventory put {answer['successor']} into group 'db' "
            f"and {host} into group '{SPARE}', and run again; to bring the database back on {host}: traumalink.ops.restore -e restore_host={host}. "
            "Nothing was changed"
        )
    serving = [spare for spare in spares if spare.get("role") == "primary"]
    for spare in serving:
        if answer["role"] != "primary" or answer["timeline"] <= spare["timeline"]:
            own = f"timeline {answer['timeline']}" if answer["role"] == "primary" else f"is {answer['role']}"
            raise SiteError(
                f"{spare['item']} of group '{SPARE}' takes writes (timeline {spare['timeline']}), and {host} of group 'db' does not hold what came "
                f"after it ({own}): the inventory seems to name the wrong host. Put the one that is right into group 'db' and the other into "
                f"'{SPARE}', or bring the database back on {host} with traumalink.ops.restore. Nothing was changed"
            )
    return [str(spare["item"]) for spare in serving]
