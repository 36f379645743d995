#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: what a release archive is, and which releases a host has."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_info
short_description: Verify a release archive, or tell which releases a host has
description:
  - With O(archive), verifies the signature, then the content, then the paths of the archive, and returns its manifest. Nothing is unpacked.
    Run it on the controller before anything is changed anywhere.
  - With O(name), returns this host's register of releases, and the room that there is for another one.
  - With O(versions), returns every version that came to this host, of O(name) or of all applications, with programs, documents and their
    SHA-256, and whether the files are still those of the manifest. All files of the releases are read for that.
options:
  archive: {description: The release archive., type: path}
  signature: {description: "Its detached signature. Without it, the archive's path with C(.sig).", type: path}
  allowed_signers: {description: "Who may sign releases: lines as in ssh-keygen(1), ALLOWED SIGNERS.", type: str}
  limit_bytes: {description: What the files of a release may take together., type: int, default: 2147483648}
  limit_files: {description: How many files a release may have., type: int, default: 20000}
  name: {description: The application., type: str}
  versions: {description: Return the version register of the host., type: bool}
  only_version: {description: "Fail when another version than this is current on the host, with a hint at upgrade.", type: str}
attributes:
  check_mode: {support: full, description: Changes nothing in any mode.}
  diff_mode: {support: none, description: Changes nothing.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Verify the release on the controller
  traumalink.ops.release_info:
    archive: /srv/releases/trauma-1.0.0.tar.gz
    allowed_signers: "{{ deploy_allowed_signers }}"
  delegate_to: localhost
  run_once: true

- name: Ask which version runs
  traumalink.ops.release_info:
    name: trauma

- name: Ask for everything that came to this host
  traumalink.ops.release_info:
    versions: true
"""

RETURN = r"""
manifest: {description: The manifest of the archive., returned: with O(archive), type: dict}
sha256: {description: The SHA-256 of the archive., returned: with O(archive), type: str}
signer: {description: The principal who signed it., returned: with O(archive), type: str}
needed_bytes: {description: The room that carrying it to a host and unpacking it there needs., returned: with O(archive), type: int}
register:
  description: >-
    Releases (with C(sha256), C(signer), C(bad), C(activated_at) and C(retired)), C(slots), C(current) and C(previous_good) (each C(version) and
    C(slot), or null) and C(final), the version from which there is no way back.
  returned: with O(name)
  type: dict
free_bytes: {description: The room that is free where releases are unpacked., returned: with O(name), type: int}
versions:
  description: >-
    Each version, the newest first, with C(application), C(version), C(state) (C(current), C(previous good), C(bad), C(staged) or C(retired)), C(slot),
    C(sha256) and C(signer) of the archive, C(activated_at), C(bad), C(final), C(whole) (null where its folder was removed), C(files),
    C(programs_sha256) (one digest over all files that are no documents), C(programs) (C(name), C(command), C(singleton), C(sha256)) and
    C(documents) (C(kind), C(language), C(path), C(sha256)).
  returned: with O(versions)
  type: list
  elements: dict
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.archive import Limits
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.file_system import free_bytes
from ansible_collections.traumalink.ops.plugins.module_utils.release import Places, refuse_other_version, verified
from ansible_collections.traumalink.ops.plugins.module_utils.release_folder import needed_bytes
from ansible_collections.traumalink.ops.plugins.module_utils.version_register import applications, versions


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """Return what was asked for. Raises OpsError."""
    result: dict[str, Any] = {}
    if given["archive"]:
        signature = Path(given["signature"]) if given["signature"] else None
        limits = Limits(given["limit_bytes"], given["limit_files"])
        signed = verified(Path(given["archive"]), signature, given["allowed_signers"], limits)
        result |= {"manifest": signed.manifest.as_dict(), "sha256": signed.sha256, "signer": signed.signer}
        result["needed_bytes"] = needed_bytes(signed.manifest) + Path(given["archive"]).stat().st_size
    if given["name"]:
        places = Places(given["name"])
        register = places.register()
        if given["only_version"]:
            refuse_other_version(register, given["only_version"])
        result |= {"register": asdict(register), "free_bytes": free_bytes(places.releases)}
    if given["versions"]:
        names = [given["name"]] if given["name"] else applications(Places("").state_root)
        result["versions"] = [asdict(version) for name in names for version in versions(Places(name))]
    return result


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "archive": {"type": "path"},
            "signature": {"type": "path"},
            "allowed_signers": {"type": "str"},
            "limit_bytes": {"type": "int", "default": 2147483648},
            "limit_files": {"type": "int", "default": 20000},
            "name": {"type": "str"},
            "versions": {"type": "bool"},
            "only_version": {"type": "str"},
        },
        required_one_of=[["archive", "name", "versions"]],
        required_by={"archive": ["allowed_signers"], "only_version": ["name"]},
        supports_check_mode=True,
    )
    try:
        result = answer(module.params)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
