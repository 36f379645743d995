#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: pack and sign a release, as a vendor does."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_archive
short_description: Pack a source directory into a signed release archive
description:
  - Writes C(<name>-<version>.tar.gz) with the manifest completed by the SHA-256 of each file, and C(<name>-<version>.tar.gz.sig), a detached
    SSH signature. The same files give the same bytes; an archive that is there and fits is left alone.
options:
  source: {description: The directory with C(release.yml) and everything that belongs to the release., type: path, required: true}
  destination: {description: The directory to write to. It is made where it is missing., type: path, required: true}
  signing_key:
    description: "A private key file, or a public key file whose private half is in ssh-agent."
    type: path
    required: true
  limit_bytes: {description: What the files of a release may take together., type: int, default: 2147483648}
  limit_files: {description: How many files a release may have., type: int, default: 20000}
attributes:
  check_mode: {support: full, description: Says whether an archive would be written.}
  diff_mode: {support: none, description: Archives are not text.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Pack a release
  traumalink.ops.release_archive:
    source: /home/vendor/trauma
    destination: /srv/releases
    signing_key: /home/vendor/.ssh/release_key
"""

RETURN = r"""
archive: {description: The archive's path., returned: success, type: str}
signature: {description: The signature's path., returned: success, type: str}
sha256: {description: The archive's SHA-256., returned: success, type: str}
size_bytes: {description: The archive's size., returned: success, type: int}
name: {description: The application., returned: success, type: str}
version: {description: The version., returned: success, type: str}
"""

import traceback
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.traumalink.ops.plugins.module_utils.archive import Limits
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.packing import PackingError, pack_and_sign

try:
    import yaml
except ImportError:
    YAML_MISSING: str | None = traceback.format_exc()
else:
    YAML_MISSING = None


def manifest_data(source: Path) -> object:
    """Read what the vendor wrote in release.yml. Raises PackingError."""
    path = source / "release.yml"
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PackingError(
            f"{path} cannot be read ({error.strerror}). A release's source directory holds its manifest."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PackingError(f"{path} is not YAML: {' '.join(str(error).split())}") from None


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "source": {"type": "path", "required": True},
            "destination": {"type": "path", "required": True},
            "signing_key": {"type": "path", "required": True},
            "limit_bytes": {"type": "int", "default": 2147483648},
            "limit_files": {"type": "int", "default": 20000},
        },
        supports_check_mode=True,
    )
    if YAML_MISSING is not None:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_MISSING)
    given = module.params
    source, destination, key = (Path(given[name]) for name in ("source", "destination", "signing_key"))
    limits = Limits(given["limit_bytes"], given["limit_files"])
    try:
        done = pack_and_sign(source, manifest_data(source), destination, key, limits, check=module.check_mode)
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=done.changed,
        archive=str(done.archive),
        signature=str(done.signature),
        sha256=done.sha256,
        size_bytes=done.size_bytes,
        name=done.manifest.name,
        version=done.manifest.version,
    )


if __name__ == "__main__":
    main()
