# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site says of its AWX, and how everything that AWX holds of a site is called.

One convention: the site's name, a blank, and what it is. AWX looks many things up by name alone, across organizations, so a name without its site would
be another hospital's; and what begins so is this site's to take away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_notification import MailSettings
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract

__all__ = ["APPROVALS_TYPE", "LEFT_OUT", "REPOSITORY_TYPE", "AwxError", "Names", "Site", "templates_of"]

# Credential types of ours. They belong to AWX as a whole, so no site's name stands in them, and no site takes them away.
REPOSITORY_TYPE = "traumalink.ops repository passphrase"
APPROVALS_TYPE = "traumalink.ops approvals"
# Playbooks that no AWX runs, and why.
LEFT_OUT = {
    "approve": "the approver's key stays with the person; at AWX the hospital approves at the workflow's node",
    "awx": "it changes AWX itself, with rights that no job should have",
    "escrow": "it asks for a password of its own, and its file is for the safe",
    "pack_release": "it packs the vendor's working directory with the vendor's key",
    "secrets": "it makes the vault file once, before there is a site",
}


class AwxError(OpsError):
    """What AWX should hold cannot be derived: the message says what to change."""


@dataclass(frozen=True)
class Names:
    """The name of each thing of one site."""

    site: str

    def of(self, what: str) -> str:
        """Return a thing's name: the site's, a blank, and what it is."""
        return f"{self.site} {what}"

    @property
    def inventory(self) -> str:
        """Return the inventory's."""
        return self.of("inventory")

    @property
    def source(self) -> str:
        """Return that of the inventory's source."""
        return self.of("inventory source")

    @property
    def project(self) -> str:
        """Return the project's."""
        return self.of("playbooks")

    @property
    def environment(self) -> str:
        """Return the execution environment's."""
        return self.of("execution environment")

    @property
    def hospital(self) -> str:
        """Return that of the hospital's team."""
        return self.of("hospital")

    @property
    def vendor(self) -> str:
        """Return that of the vendor's team."""
        return self.of("vendor")

    def template(self, playbook: str) -> str:
        """Return a job template's."""
        return self.of(playbook)

    def workflow(self, verb: str) -> str:
        """Return a workflow's; no job template may have it, since AWX looks both up in one list."""
        return self.of(f"{verb} with approval")

    def approval(self, verb: str) -> str:
        """Return that of an approval node: what the approver reads, and what the gate compares."""
        return self.of(f"approve {verb}")


@dataclass(frozen=True)
class Site:
    """What the inventory says of a site's AWX.

    Attributes:
        playbooks: names of those that are there; chosen: of those alone templates are made, all where it is empty.
        files: whether a host has files beside the database to back up.
        organization: AWX's, the site's own where it is empty.
        scm_type: `git`, `svn`, `archive` or `manual`; scm_url, scm_branch: of a project that AWX fetches; local_path: of one that lies on AWX.
        scm_credential: whether fetching it needs a credential.
        playbook_folder, inventory_path: where they lie in the project.
        image: of the execution environment; AWX's default where it is empty.
        passphrase: whether AWX, and not the vault, keeps the repository's passphrase.
        mail: how mails leave, None where none do; webhook_url, webhook_format: the webhook, none where the address is empty.
        approval_hours: how long an approval node waits.
    """

    name: str
    contract: Contract
    playbooks: Sequence[str]
    chosen: Sequence[str] = ()
    files: bool = False
    organization: str = ""
    scm_type: str = "git"
    scm_url: str = ""
    scm_branch: str = ""
    local_path: str = ""
    scm_credential: bool = False
    playbook_folder: str = "playbooks"
    inventory_path: str = ""
    image: str = ""
    passphrase: bool = False
    mail: MailSettings | None = None
    webhook_url: str = ""
    webhook_format: str = "plain"
    approval_hours: int = 12
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        """See that it can be applied. Raises AwxError."""
        object.__setattr__(self, "names", Names(self.name))
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", self.name):
            raise AwxError(
                f"site_name {self.name!r} is no name; use up to 32 lower-case letters, digits and _, a letter first"
            )
        if self.manual and self.scm_url:
            raise AwxError(
                "awx_project_url is for a project that AWX fetches; leave it out, or give its awx_project_type"
            )
        if not self.manual and not self.scm_url:
            raise AwxError(
                "awx_project_url is empty: give the address of the repository with playbooks and inventories, or awx_project_type: manual "
                "for a folder on AWX itself"
            )
        if unknown := sorted(set(self.chosen) - set(self.playbooks)):
            raise AwxError(f"awx_playbooks names {', '.join(unknown)}, which the collection has not")
        if personal := sorted(set(self.chosen) & LEFT_OUT.keys()):
            why = "; ".join(f"{name}: {LEFT_OUT[name]}" for name in personal)
            raise AwxError(f"awx_playbooks names what AWX does not run ({why}); leave it out")

    @property
    def manual(self) -> bool:
        """Tell whether the project is a folder on AWX."""
        return self.scm_type == "manual"

    @property
    def owner(self) -> str:
        """Return the organization's name."""
        return self.organization or self.name


def templates_of(site: Site) -> list[str]:
    """Return the playbooks that get a job template: those that are there, without what needs a person's own files, or those that were chosen."""
    wanted = set(site.chosen) or set(site.playbooks) - LEFT_OUT.keys()
    return sorted(wanted & set(site.playbooks))


def read_mail(given: Mapping[str, Any]) -> MailSettings | None:
    """Return how mails leave from plain data; None where nobody is to get one."""
    if not given.get("to"):
        return None
    return MailSettings(
        str(given["host"]),
        int(given["port"]),
        str(given["sender"]),
        [str(address) for address in given["to"]],
        str(given.get("username") or ""),
        str(given.get("secure") or "no"),
    )
