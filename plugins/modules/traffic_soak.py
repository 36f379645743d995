#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: a release that was just given traffic, watched for a while."""

from __future__ import annotations

DOCUMENTATION = r"""
module: traffic_soak
short_description: Watch a release that was just given traffic
description:
  - Runs on an edge host. Looks every two seconds at what HAProxy counts for a server and at the functional modules there, and fails as soon as requests fail
    or take much longer than before, a functional module is not healthy in two rounds, HAProxy takes the server for down, or was itself restarted.
  - Looks at what browsers got of the whole backend since O(before_end) as well, HAProxy's own 503 included. Where only that is worse, the release
    is not to blame.
options:
  backend: {description: The backend., type: str, default: application}
  server: {description: The server that is watched., type: str, required: true}
  seconds: {description: How long., type: float, default: 60}
  before: {description: "What M(traumalink.ops.haproxy_backend_info) returned when the time before began.", type: dict, required: true}
  before_end: {description: "What it returned when that time ended.", type: dict, required: true}
  before_server: {description: The server that took the traffic then., type: str, required: true}
  failed_share: {description: "By how much the share of failed requests may rise, 0 to 1.", type: float, default: 0.01}
  response_factor: {description: How many times as long requests may take on average., type: float, default: 2}
  base_url: {description: "The address of the server, such as V(https://192.0.2.11:8002).", type: str, required: true}
  modules:
    description: The functional modules as in the release's manifest.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {description: The functional module., type: str, required: true}
      title: {description: Its title by language., type: dict}
      health: {description: Its health path., type: str, required: true}
  ca_file: {description: The authorities that may vouch for the server., type: path, default: /etc/traumalink/tls/ca.crt}
  client_certificate: {description: "This host's certificate.", type: path, default: /etc/traumalink/tls/host.crt}
  client_key: {description: The private key of O(client_certificate)., type: path, default: /etc/traumalink/tls/host.key}
attributes:
  check_mode: {support: full, description: Watches nothing.}
  diff_mode: {support: none, description: Changes nothing.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Watch the new release under real traffic
  traumalink.ops.traffic_soak:
    server: app1-green
    before: "{{ at_the_beginning }}"
    before_end: "{{ before_the_switch }}"
    before_server: app1-blue
    base_url: https://192.0.2.11:8002
    modules: "{{ verified.manifest.modules }}"
"""

RETURN = r"""
traffic: {description: "C(requests), C(failed) and C(response_seconds) of the server meanwhile.", returned: success, type: dict}
seconds: {description: How long it was watched., returned: success, type: float}
looks: {description: How often it was looked at., returned: success, type: int}
code: {description: "C(release_fault) where the release itself is to blame, as far as can be told here, else empty.", returned: failure, type: str}
"""

import time
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_figures import look_of, traffic_between
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_runtime import Haproxy
from ansible_collections.traumalink.ops.plugins.module_utils.health import Getter, Question, ask
from ansible_collections.traumalink.ops.plugins.module_utils.https import HttpsGetter
from ansible_collections.traumalink.ops.plugins.module_utils.traffic import TrafficLimits
from ansible_collections.traumalink.ops.plugins.module_utils.traffic_soak import Soak, Soaked

ANSWER_SECONDS = 10.0


def sick_modules(given: dict[str, Any], get: Getter) -> list[str]:
    """Return what is wrong with the functional modules now, in sentences."""
    found = [
        ask(Question(entry["name"], entry["health"]), given["base_url"], get, ANSWER_SECONDS, time.monotonic)
        for entry in given["modules"]
    ]
    return [f"{each.name} is {each.status}: {each.reason}." for each in found if each.status != "healthy"]


def soaked(given: dict[str, Any]) -> Soaked:
    """Watch it. Raises OpsError."""
    get = HttpsGetter(given["ca_file"], given["client_certificate"], given["client_key"], None)
    try:
        looks = [look_of(given[name], given["before_server"]) for name in ("before", "before_end")]
        site = [look_of(given[name], None) for name in ("before", "before_end")]
    except ValueError as error:
        raise OpsError(str(error)) from None
    limits = TrafficLimits(failed_share=given["failed_share"], response_factor=given["response_factor"])
    return Soak(
        given["server"],
        lambda: Haproxy().backend(given["backend"]),
        lambda: sick_modules(given, get),
        traffic_between(*looks),
        site[1],
        traffic_between(*site),
        limits,
        given["seconds"],
    ).run()


def main() -> None:
    """Arguments in, one call, result out."""
    module_options = {
        "name": {"type": "str", "required": True},
        "title": {"type": "dict"},
        "health": {"type": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "backend": {"type": "str", "default": "application"},
            "server": {"type": "str", "required": True},
            "seconds": {"type": "float", "default": 60},
            "before": {"type": "dict", "required": True},
            "before_end": {"type": "dict", "required": True},
            "before_server": {"type": "str", "required": True},
            "failed_share": {"type": "float", "default": 0.01},
            "response_factor": {"type": "float", "default": 2},
            "base_url": {"type": "str", "required": True},
            "modules": {"type": "list", "elements": "dict", "options": module_options, "required": True},
            "ca_file": {"type": "path", "default": "/etc/traumalink/tls/ca.crt"},
            "client_certificate": {"type": "path", "default": "/etc/traumalink/tls/host.crt"},
            "client_key": {"type": "path", "default": "/etc/traumalink/tls/host.key"},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False, traffic={}, seconds=0.0, looks=0)
    try:
        found = soaked(module.params)
    except OpsError as error:
        module.fail_json(msg=str(error), code=code_of(error))
    module.exit_json(changed=False, **asdict(found))


if __name__ == "__main__":
    main()
