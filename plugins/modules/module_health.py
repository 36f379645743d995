#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the health of the application's functional modules."""

from __future__ import annotations

DOCUMENTATION = r"""
module: module_health
short_description: See that every functional module of the application is healthy
description:
  - Asks the health path of each functional module at each address, until all are healthy in one round or O(retry_seconds) have passed.
    Fails with module, address and reason for each that is not.
options:
  base_urls: {description: "Addresses, such as V(https://192.0.2.11:8001).", type: list, elements: str, required: true}
  modules:
    description: The functional modules as in the release's manifest.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {description: The functional module., type: str, required: true}
      title: {description: Its title by language., type: dict}
      health: {description: Its health path., type: str, required: true}
  version: {description: The version that must answer at C(/version)., type: str}
  ca_file: {description: The authorities that may vouch for the server., type: path, default: /etc/traumalink/tls/ca.crt}
  client_certificate: {description: "Our certificate, where the server wants one.", type: path}
  client_key: {description: The private key of O(client_certificate)., type: path}
  server_name: {description: "The name that the server must prove, where it is not the one in the address.", type: str}
  timeout_seconds: {description: How long one answer may take., type: float, default: 10}
  retry_seconds: {description: How long to try again., type: float, default: 60}
  must_be_healthy: {description: Whether to fail when a module is not healthy; otherwise only tell., type: bool, default: true}
attributes:
  check_mode: {support: full, description: Changes nothing in any mode.}
  diff_mode: {support: none, description: Changes nothing.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See that the slot is healthy before it gets traffic
  traumalink.ops.module_health:
    base_urls: [https://192.0.2.11:8001]
    modules: "{{ verified.manifest.modules }}"
    version: 1.0.0
    client_certificate: /etc/traumalink/tls/host.crt
    client_key: /etc/traumalink/tls/host.key
"""

RETURN = r"""
modules:
  description: "For each address and functional module: C(name), C(base_url), C(url), C(status) (C(healthy), C(unhealthy), C(unreachable)),
    C(latency_seconds), C(reason)."
  returned: always
  type: list
  elements: dict
healthy: {description: Whether all are., returned: always, type: bool}
code: {description: "C(release_fault) where the release itself is to blame, as far as can be told here, else empty.", returned: failure, type: str}
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.health import (
    Getter,
    ModuleHealth,
    Question,
    require,
    wait_until_healthy,
)
from ansible_collections.traumalink.ops.plugins.module_utils.https import HttpsGetter


def questions(given: dict[str, Any]) -> list[Question]:
    """Return what is asked of each address: the version first, then each functional module."""
    version = [Question("version", "/version", given["version"])] if given["version"] else []
    return version + [Question(entry["name"], entry["health"]) for entry in given["modules"]]


def findings(given: dict[str, Any], get: Getter) -> list[ModuleHealth]:
    """Ask until healthy or out of time."""
    return wait_until_healthy(
        questions(given),
        given["base_urls"],
        get,
        timeout_seconds=given["timeout_seconds"],
        retry_seconds=given["retry_seconds"],
    )


def main() -> None:
    """Arguments in, one call, result out."""
    module_options = {
        "name": {"type": "str", "required": True},
        "title": {"type": "dict"},
        "health": {"type": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "base_urls": {"type": "list", "elements": "str", "required": True},
            "modules": {"type": "list", "elements": "dict", "options": module_options, "required": True},
            "version": {"type": "str"},
            "ca_file": {"type": "path", "default": "/etc/traumalink/tls/ca.crt"},
            "client_certificate": {"type": "path"},
            "client_key": {"type": "path"},
            "server_name": {"type": "str"},
            "timeout_seconds": {"type": "float", "default": 10},
            "retry_seconds": {"type": "float", "default": 60},
            "must_be_healthy": {"type": "bool", "default": True},
        },
        required_together=[["client_certificate", "client_key"]],
        supports_check_mode=True,
    )
    given = module.params
    get = HttpsGetter(given["ca_file"], given["client_certificate"], given["client_key"], given["server_name"])
    found: list[ModuleHealth] = []
    try:
        found = findings(given, get)
        if given["must_be_healthy"]:
            require(found, given["retry_seconds"])
    except OpsError as error:
        module.fail_json(msg=str(error), code=code_of(error), **outcome(found))
    module.exit_json(changed=False, **outcome(found))


def outcome(found: list[ModuleHealth]) -> dict[str, Any]:
    """Return the findings as plain data."""
    healthy = bool(found) and all(health.status == "healthy" for health in found)
    return {"modules": [asdict(health) for health in found], "healthy": healthy}


if __name__ == "__main__":
    main()
