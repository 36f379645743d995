# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX holds of a site, beside what it should hold: what is missing, what is there though the data have it no more, and what awx.awx cannot compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_objects import Objects

__all__ = ["REMOVED", "comparison"]

# In the order in which they can go. Not among them: credentials, whose content only a person can type in again, the organization, which others may
# share, and credential types, which other sites use.
REMOVED = (
    "schedules",
    "workflow_nodes",
    "workflows",
    "job_templates",
    "inventory_sources",
    "inventories",
    "projects",
    "notification_templates",
    "execution_environments",
    "teams",
)
ENCRYPTED = "$encrypted$"


def comparison(objects: Objects, held: Mapping[str, Sequence[Mapping[str, Any]]], site: str) -> dict[str, Any]:
    """Return `missing` and `leftover`, names by kind, and `configurations`, what is to be sent of each notification template by its name.

    Args:
        held: what AWX shows, by kind; objects of other sites may be among it.
        site: the site's name: what is called so, with a blank behind, is its own.
    """
    names = {kind: [_name(each) for each in things] for kind, things in objects.items() if kind != "grants"}
    there = {kind: [_name(each) for each in things] for kind, things in held.items()}
    own = {kind: [name for name in found if kind == "workflow_nodes" or name.startswith(f"{site} ")] for kind, found in there.items()}  # fmt: skip
    return {
        "missing": {kind: [name for name in wanted if name not in there.get(kind, [])] for kind, wanted in names.items()},
        "leftover": {kind: [name for name in own.get(kind, []) if name not in names.get(kind, [])] for kind in REMOVED},
        "kept": [name for name in own.get("credentials", []) if name not in names.get("credentials", [])],
        "configurations": _configurations(objects.get("notification_templates", []), held.get("notification_templates", [])),
    }  # fmt: skip


def _name(thing: Mapping[str, Any]) -> str:
    return str(thing.get("name") or thing.get("identifier"))


def _configurations(
    wanted: Sequence[Mapping[str, Any]], held: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, Any] | None]:
    """Return what is to be sent of each notification template's configuration: None where nothing differs.

    AWX never shows a password, and awx.awx takes one that it cannot see for a change each time. One that was filled in at AWX stays: $encrypted$ stands
    for it (AWX, NotificationTemplateSerializer.validate).
    """
    known = {_name(each): each.get("notification_configuration") or {} for each in held}
    found: dict[str, dict[str, Any] | None] = {}
    for each in wanted:
        shown, configuration = known.get(_name(each), {}), dict(each["notification_configuration"])
        for field, value in shown.items():
            if value == ENCRYPTED and not configuration.get(field):
                configuration[field] = ENCRYPTED
        found[_name(each)] = None if configuration == shown else configuration
    return found
