# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: What opens one host's backups of files."""

from __future__ import annotations

DOCUMENTATION = r"""
name: file_secrets
short_description: What opens one host's backups of files.
description:
  - Made from the site's passphrase; opens no other host's.
options:
  _input: {description: Name of the host., type: str, required: true}
  passphrase: {description: The site's passphrase of backups of files., type: str, required: true}

author: The traumalink.ops developers
"""

EXAMPLES = r"""
passphrase: "{{ (inventory_hostname | traumalink.ops.file_secrets(file_backup_passphrase)).passphrase }}"
"""

RETURN = r"""
_value:
  description: C(passphrase) of its repository, C(login) at the server, and C(entry), its line of the server's htpasswd file.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.plugin_utils import file_secrets as domain


def file_secrets(host: Any, passphrase: Any) -> dict[str, str]:
    """Adapt the call; see plugin_utils.file_secrets."""
    if not (isinstance(host, str) and isinstance(passphrase, str) and host and passphrase):
        raise AnsibleFilterError("file_secrets needs the name of a host and the site's file_backup_passphrase")
    return domain.file_secrets(host, passphrase)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"file_secrets": file_secrets}
