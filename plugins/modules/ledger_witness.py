#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: heads of a site's ledger, kept on another host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ledger_witness
short_description: Keep heads of a site's ledger on another host
description:
  - Runs on a host that is not the ledger's. Heads are appended and never changed; one that does not fit an earlier one is refused.
options:
  site: {description: The site's name., type: str, required: true}
  newest: {description: "Return the newest head alone, from the end of the file.", type: bool, default: false}
  put_aside:
    description: Put all heads aside first, under a name with the time, since the site's ledger was begun anew after the newest of them.
    type: bool
    default: false
  heads:
    description: Heads to keep; without any, the module only reads.
    type: list
    elements: dict
    default: []
    suboptions:
      sequence: {description: Number of the newest entry., type: int, required: true}
      hash: {description: Its hash., type: str, required: true}
      at: {description: "When it was the newest, ISO 8601.", type: str, required: true}
      signature: {description: The countersignature (SSHSIG)., type: str, default: ""}
attributes:
  check_mode: {support: full, description: Says what would be kept.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Read what the witness has seen
  traumalink.ops.ledger_witness:
    site: example_hospital
  register: witness
"""

RETURN = r"""
heads: {description: "All heads that were seen, oldest first, or with O(newest) the newest alone.", returned: success, type: list, elements: dict}
aside: {description: "Name of the file in which the heads were put aside, empty where there were none.", returned: O(put_aside=true), type: str}
kept: {description: How many of the given ones were new., returned: success, type: int}
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.witness import (
    FOLDER,
    newest,
    note,
    put_aside,
    read,
    seen_of,
)

HEAD_OPTIONS = {
    "sequence": {"type": "int", "required": True},
    "hash": {"type": "str", "required": True},
    "at": {"type": "str", "required": True},
    "signature": {"type": "str", "default": ""},
}


def answer(given: dict[str, Any], check: bool) -> dict[str, Any]:
    """Keep, put aside and return heads as it is asked for. Raises OpsError, OSError."""
    site, result = given["site"], {}
    if given["put_aside"]:
        result["aside"] = put_aside(site, datetime.now(UTC), FOLDER, check=check)
    kept = note(site, [seen_of(head) for head in given["heads"]], FOLDER, check=check) if given["heads"] else []
    heads = [head for head in [newest(site, FOLDER)] if head] if given["newest"] else read(site, FOLDER)
    changed = bool(kept or result.get("aside"))
    return {**result, "changed": changed, "kept": len(kept), "heads": [asdict(head) for head in heads]}


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "site": {"type": "str", "required": True},
            "newest": {"type": "bool", "default": False},
            "put_aside": {"type": "bool", "default": False},
            "heads": {"type": "list", "elements": "dict", "options": HEAD_OPTIONS, "default": []},
        },
        supports_check_mode=True,
    )
    try:
        result = answer(module.params, module.check_mode)
    except (OpsError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
