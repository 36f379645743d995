#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: a release on an app host, staged in a slot or recorded as current."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Stage a signed release in a slot of a host, or record it as current
description:
  - V(staged) verifies the archive once more on the host (signature by one of the allowed signers, then content, then paths), unpacks it
    read-only to C(/opt/<name>/releases/<version>) and points C(/opt/<name>/slots/<slot>) to it. Slots in which another version is current
    are never touched.
  - V(active) records the version as current and what was current as the previous good one, in C(/var/lib/traumalink/<name>/releases.json).
    It starts and stops nothing (see M(traumalink.ops.slot)); use it after the version was seen healthy.
  - The archive is carried to the host only where it is needed, and does not stay there.
options:
  name: {description: The application., type: str, required: true}
  version: {description: The version., type: str, required: true}
  state: {description: What is wanted., type: str, choices: [staged, active], default: staged}
  archive: {description: The release archive on the controller., type: path}
  signature: {description: "Its detached signature on the controller. Without it, the archive's path with C(.sig).", type: path}
  sha256: {description: "The SHA-256 of the archive, as M(traumalink.ops.release_info) returned it.", type: str}
  allowed_signers: {description: "Who may sign releases: lines as in ssh-keygen(1), ALLOWED SIGNERS.", type: str}
  slot: {description: "The slot. Without it, the one that holds the version, else the idle one.", type: str, choices: [blue, green]}
  limit_bytes: {description: What the files of a release may take together., type: int, default: 2147483648}
  limit_files: {description: How many files a release may have., type: int, default: 20000}
attributes:
  action: {support: full, description: Carries the archive to the host.}
  check_mode: {support: full, description: Says what would change.}
  diff_mode: {support: full, description: Shows the register.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Stage a release
  traumalink.ops.release:
    name: trauma
    version: 1.0.0
    archive: /srv/releases/trauma-1.0.0.tar.gz
    sha256: "{{ verified.sha256 }}"
    allowed_signers: "{{ deploy_allowed_signers }}"

- name: Record it as current
  traumalink.ops.release:
    name: trauma
    version: 1.0.0
    state: active
"""

RETURN = r"""
slot: {description: The slot that holds the version., returned: success, type: str}
path: {description: The slot's path., returned: success, type: str}
register: {description: "The register afterwards, as in M(traumalink.ops.release_info).", returned: success, type: dict}
archive_needed: {description: The archive must be carried here (for the action plugin)., returned: success, type: bool}
"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.archive import Limits
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.release import Places, activate, is_staged, planned, stage


def staged(places: Places, given: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Stage the release; without an archive on this host, or in check mode, only say what that comes to. Raises OpsError."""
    change = planned(places.register(), given["version"], given["sha256"], "", given["slot"])
    needed = not is_staged(places, change, given["version"])
    if needed and given["archive"] and not check:
        limits = Limits(given["limit_bytes"], given["limit_files"])
        signature = Path(given["signature"]) if given["signature"] else None
        change = stage(
            places,
            Path(given["archive"]),
            signature,
            given["allowed_signers"],
            sha256=given["sha256"],
            slot=given["slot"],
            limits=limits,
        )
        return outcome(places, change.before, change.after, change.slot, changed=change.changed)
    return outcome(places, change.before, change.after, change.slot, changed=needed) | {"archive_needed": needed}


def outcome(places: Places, before: Any, after: Any, slot: str, *, changed: bool) -> dict[str, Any]:
    """Return the result of the module."""
    diff = {
        "before_header": str(places.register_file),
        "after_header": str(places.register_file),
        "before": before.as_text(),
        "after": after.as_text(),
    }
    path = str(places.slot(slot)) if slot else ""
    return {
        "changed": changed,
        "slot": slot,
        "path": path,
        "register": asdict(after),
        "diff": diff,
        "archive_needed": False,
    }


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["staged", "active"], "default": "staged"},
            "archive": {"type": "path"},
            "signature": {"type": "path"},
            "sha256": {"type": "str"},
            "allowed_signers": {"type": "str"},
            "slot": {"type": "str", "choices": ["blue", "green"]},
            "limit_bytes": {"type": "int", "default": 2147483648},
            "limit_files": {"type": "int", "default": 20000},
        },
        required_if=[["state", "staged", ["sha256", "allowed_signers"]]],
        supports_check_mode=True,
    )
    os.umask(0o022)  # the application's user must be able to read what is laid down
    places = Places(module.params["name"])
    try:
        if module.params["state"] == "staged":
            result = staged(places, module.params, check=module.check_mode)
        else:
            change = activate(places, module.params["version"], check=module.check_mode)
            result = outcome(places, change.before, change.after, change.slot, changed=change.changed)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
