#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: whether a host has the certificate that it should have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_certificate_info
short_description: Whether a host has the certificate that it should have
description:
  - Looks at key, certificate and authority in one go, so that nothing else is to be asked where all is well. Reads only.
options:
  folder: {description: Where they lie., type: path, default: /etc/traumalink/tls}
  common_name: {description: The host's name., type: str, required: true}
  subjects: {description: "Alternative names, C(DNS:…) or C(IP:…).", type: list, elements: str, required: true}
  authority: {description: "The authority's certificate, PEM.", type: str, required: true}
  renew_days: {description: "With fewer days left than this, the certificate is renewed.", type: int, required: true}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See whether the host has its certificate
  traumalink.ops.host_certificate_info:
    common_name: db1
    subjects: ["DNS:db1", "IP:192.0.2.21"]
    authority: "{{ site_ca_certificate }}"
    renew_days: 60
"""

RETURN = r"""
current: {description: Whether there is nothing to do., returned: success, type: bool}
amiss: {description: What there is to do in words; empty where nothing is., returned: success, type: str}
"""

from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

try:
    from ansible_collections.traumalink.ops.plugins.module_utils.host_certificate import Wanted, what_is_amiss
except ImportError:  # a bare host has no python3-cryptography
    what_is_amiss = None  # type: ignore[assignment]


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "default": "/etc/traumalink/tls"},
            "common_name": {"type": "str", "required": True},
            "subjects": {"type": "list", "elements": "str", "required": True},
            "authority": {"type": "str", "required": True},
            "renew_days": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    given = dict(module.params)
    folder = Path(given.pop("folder"))
    amiss = "python3-cryptography is not installed"
    if what_is_amiss is not None:
        amiss = what_is_amiss(folder, Wanted(**given), datetime.now(UTC))
    module.exit_json(changed=False, current=amiss == "", amiss=amiss)


if __name__ == "__main__":
    main()
