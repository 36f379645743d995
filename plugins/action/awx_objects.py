# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: what AWX should hold of a site, derived from contract and inventory; on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_objects import objects_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_site import Site, read_mail
from ansible_collections.traumalink.ops.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.traumalink.ops.plugins.plugin_utils.repeated_keys import contract_of_site

# The collection's own playbooks, wherever it is installed.
PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


class ActionModule(ControllerAction):
    """Variables in, objects out; AWX is not asked."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "site": {"type": "str", "required": True},
        "contract": {"type": "dict", "required": True},
        "chosen": {"type": "list", "elements": "str", "default": []},
        "files": {"type": "bool", "default": False},
        "organization": {"type": "str", "default": ""},
        "scm_type": {"type": "str", "choices": ["git", "svn", "archive", "manual"], "default": "git"},
        "scm_url": {"type": "str", "default": ""},
        "scm_branch": {"type": "str", "default": ""},
        "scm_credential": {"type": "bool", "default": False},
        "local_path": {"type": "str", "default": ""},
        "playbook_folder": {"type": "str", "default": "playbooks"},
        "inventory_path": {"type": "str", "default": ""},
        "image": {"type": "str", "default": ""},
        "passphrase": {"type": "bool", "default": False},
        "mail": {"type": "dict", "default": {}},
        "webhook_url": {"type": "str", "default": "", "no_log": True},
        "webhook_format": {"type": "str", "choices": ["plain", "wecom", "dingtalk"], "default": "plain"},
        "approval_hours": {"type": "int", "default": 12},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the objects."""
        site = Site(
            name=given.pop("site"),
            contract=contract_of_site(given.pop("contract"), self.variables),
            playbooks=sorted(path.stem for path in PLAYBOOKS.glob("*.yml")),
            mail=read_mail(given.pop("mail")),
            **given,
        )
        return {"changed": False, "objects": objects_of(site)}
