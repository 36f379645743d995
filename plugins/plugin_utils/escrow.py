# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The escrow of a site: all of its secrets in one file for the hospital's safe, so that backups can be read although the vendor and its vault are gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError

__all__ = ["NEEDED", "bundle_text", "bundle_values"]

NEEDED = ("backup_cipher_passphrase", "site_ca_private_key", "site_ca_certificate")  # what a restore cannot do without
HEAD = """\
# All secrets of the site {site}, for the safe. Whoever has this file and its password can read every backup.
# Put it into a copy of the site's inventory, in the place of the vault file there:
#   cp THIS_FILE INVENTORY/group_vars/all/vault.yml
#   ansible-playbook traumalink.ops.restore -i INVENTORY --vault-id escrow@prompt …
"""


class _Lines(yaml.SafeDumper):
    """Writes keys and certificates line by line, so that a person can copy them."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Lines.add_representer(str, _text)


def bundle_values(secrets: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes into the bundle: all of it, since the bundle takes the vault file's place in the inventory.

    Raises:
        OpsError: without one of the secrets that a restore needs.
    """
    if missing := [name for name in NEEDED if not secrets.get(name)]:
        raise OpsError(
            f"the site's vault has no {', '.join(missing)}, without which no backup can be brought back; make it with traumalink.ops.secrets"
        )
    return dict(secrets)


def bundle_text(site: str, values: Mapping[str, Any]) -> str:
    """Return the bundle's plain text: YAML with a heading that says what it is for."""
    body = yaml.dump(
        dict(values), Dumper=_Lines, allow_unicode=True, sort_keys=True, default_flow_style=False, width=4096
    )
    return HEAD.format(site=site) + str(body)
