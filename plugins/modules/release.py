#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: a release on an app host: staged in a slot, recorded as current, BAD, left or final, and cleaned up after."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Stage a signed release on a host, record what became of it, clean up after it
description:
  - V(staged) verifies the archive once more on the host (signature by one of the allowed signers, then content, then paths), unpacks it
    read-only to C(/opt/<name>/releases/<version>) and points C(/opt/<name>/slots/<slot>) to it. Slots in which another version is current
    are never touched. A version whose folder is there still, to the byte, needs no archive.
  - V(active) records the version as current and what was current as the previous good one, in C(/var/lib/traumalink/<name>/releases.json),
    and lets C(/opt/<name>/documents) lead to the release, for its documents. Use it after the version was seen healthy.
  - V(rolled_back) records that this host went back to the version, its previous good one, whose documents are published again. With O(reason),
    the version that was left is BAD. Nothing changes where the version is current already.
  - V(bad) records that the version is BAD for O(reason), also one that never came to this host. It is not staged again without O(retry_bad).
  - V(final) records that there is no way back from the version, which is current. Use it before the first contract migration, and after
    an upgrade with a breaking one.
  - V(retired) removes the folders of versions that are neither current nor the previous good one nor in a slot in which a process
    runs, except for the O(keep) newest that are not BAD; their slots become free. The register keeps that they were here.
  - It starts and stops nothing (see M(traumalink.ops.slot)). The archive is carried to the host only where it is needed, and does not stay there.
options:
  name: {description: The application., type: str, required: true}
  version: {description: "The version; for V(retired) the only one to remove, where it is given.", type: str}
  state:
    description: What is wanted.
    type: str
    choices: [staged, active, rolled_back, bad, final, retired]
    default: staged
  archive: {description: The release archive on the controller., type: path}
  signature: {description: "Its detached signature on the controller. Without it, the archive's path with C(.sig).", type: path}
  sha256:
    description: "The SHA-256 of the archive, as M(traumalink.ops.release_info) returned it. Without it, the version must have been staged here before."
    type: str
  allowed_signers: {description: "Who may sign releases: lines as in ssh-keygen(1), ALLOWED SIGNERS.", type: str}
  slot: {description: "The slot. Without it, the one that holds the version, else the idle one.", type: str, choices: [blue, green]}
  retry_bad: {description: Stage the version though it was marked BAD; it is BAD no longer., type: bool, default: false}
  reason: {description: Why the version is BAD., type: str, default: ""}
  at: {description: "When it became current, as ISO 8601 with an offset; now where it is left out.", type: str}
  keep: {description: How many versions stay that nobody needs., type: int, default: 2}
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

- name: Record that this host went back to it
  traumalink.ops.release:
    name: trauma
    version: 1.0.0
    state: rolled_back
    reason: functional module triage failed under traffic

- name: Remove what nobody needs
  traumalink.ops.release:
    name: trauma
    state: retired
"""

RETURN = r"""
slot: {description: The slot that holds the version., returned: "for V(staged), V(active) and V(rolled_back)", type: str}
path: {description: The slot's path., returned: "for V(staged), V(active) and V(rolled_back)", type: str}
manifest: {description: The manifest of the version., returned: "for V(staged), where it is laid down", type: dict}
register: {description: "The register afterwards, as in M(traumalink.ops.release_info).", returned: success, type: dict}
archive_needed: {description: The archive must be carried here (for the action plugin)., returned: success, type: bool}
retired: {description: The versions whose folders went., returned: "for V(retired)", type: list, elements: str}
"""

import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils import release as domain
from ansible_collections.traumalink.ops.plugins.module_utils.archive import Limits
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.record import iso
from ansible_collections.traumalink.ops.plugins.module_utils.release import Change, Places
from ansible_collections.traumalink.ops.plugins.module_utils.release_folder import manifest_of
from ansible_collections.traumalink.ops.plugins.module_utils.release_retirement import retire
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register


def moment(text: str | None) -> str:
    """Return the moment that was given, or now, as the register keeps it. Raises OpsError."""
    if text is None:
        return iso(datetime.now(UTC))
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        given = None
    if given is None or given.tzinfo is None:
        raise OpsError(f"at {text!r} is no time; write ISO 8601 with an offset, as in 2026-11-25T22:30:00+08:00.")
    return iso(given)


def staged(places: Places, given: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Stage the release; without an archive on this host, or in check mode, only say what that comes to. Raises OpsError."""
    version, slot, retry_bad = given["version"], given["slot"], given["retry_bad"]
    change = domain.planned(places.register(), version, given["sha256"], "", slot, retry_bad=retry_bad)
    if domain.is_staged(places, change, version):
        return laid(places, change, version)
    change = Change(change.before, change.after, change.slot, True)
    if domain.is_laid_down(places, change.before, version):
        return laid(places, change if check else domain.lay_again(places, change, version), version)
    if check or not given["archive"]:
        return outcome(places, change) | {"archive_needed": True}
    change = domain.stage(
        places,
        Path(given["archive"]),
        Path(given["signature"]) if given["signature"] else None,
        given["allowed_signers"],
        sha256=given["sha256"],
        slot=slot,
        limits=Limits(given["limit_bytes"], given["limit_files"]),
        retry_bad=retry_bad,
    )
    return laid(places, change, version)


def laid(places: Places, change: Change, version: str) -> dict[str, Any]:
    """Return the result of staging a version that is laid down, with its manifest. Raises OpsError."""
    return outcome(places, change) | {"manifest": manifest_of(places.folder(version)).as_dict()}


def done(places: Places, given: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Do what is wanted, or in check mode say what that comes to. Raises OpsError."""
    version, reason = given["version"], given["reason"]
    match given["state"]:
        case "staged":
            return staged(places, given, check=check)
        case "active":
            return outcome(places, domain.activate(places, version, at=moment(given["at"]), check=check))
        case "rolled_back":
            at = moment(given["at"])
            return outcome(places, domain.roll_back(places, version, at=at, reason=reason, check=check))
        case "bad":
            return outcome(places, domain.mark_bad(places, version, reason, sha256=given["sha256"] or "", check=check))
        case "final":
            return outcome(places, domain.finalize(places, version, check=check))
    gone = retire(places, run, keep=given["keep"], version=version, check=check)
    return seen(places, gone.before, gone.after, changed=gone.changed) | {"retired": list(gone.versions)}


def seen(places: Places, before: Register, after: Register, *, changed: bool) -> dict[str, Any]:
    """Return what became of the register."""
    diff = {
        "before_header": str(places.register_file),
        "after_header": str(places.register_file),
        "before": before.as_text(),
        "after": after.as_text(),
    }
    return {"changed": changed, "register": asdict(after), "diff": diff, "archive_needed": False}


def outcome(places: Places, change: Change) -> dict[str, Any]:
    """Return the result of a change, with the slot that the version is in."""
    slot = {"slot": change.slot, "path": str(places.slot(change.slot))} if change.slot else {}
    return seen(places, change.before, change.after, changed=change.changed) | slot


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "version": {"type": "str"},
            "state": {
                "type": "str",
                "choices": ["staged", "active", "rolled_back", "bad", "final", "retired"],
                "default": "staged",
            },
            "archive": {"type": "path"},
            "signature": {"type": "path"},
            "sha256": {"type": "str"},
            "allowed_signers": {"type": "str"},
            "slot": {"type": "str", "choices": ["blue", "green"]},
            "retry_bad": {"type": "bool", "default": False},
            "reason": {"type": "str", "default": ""},
            "at": {"type": "str"},
            "keep": {"type": "int", "default": 2},
            "limit_bytes": {"type": "int", "default": 2147483648},
            "limit_files": {"type": "int", "default": 20000},
        },
        required_if=[
            *(["state", state, ["version"]] for state in ("staged", "active", "rolled_back", "final")),
            ["state", "bad", ["version", "reason"]],
        ],
        required_by={"archive": ["sha256", "allowed_signers"]},
        supports_check_mode=True,
    )
    os.umask(0o022)  # the application's user must be able to read what is laid down
    try:
        result = done(Places(module.params["name"]), module.params, check=module.check_mode)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
