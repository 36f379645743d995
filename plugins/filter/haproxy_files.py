# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: Every file that HAProxy reads on an edge host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_files
short_description: Every file that HAProxy reads on an edge host
description:
  - As the role deploy gives them, for M(traumalink.ops.service_current) and M(traumalink.ops.haproxy_backend), which must mean the same files.
options:
  _input: {description: The certificate that browsers see., type: path, required: true}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
files: "{{ deploy_tls_certificate | traumalink.ops.haproxy_files }}"
"""

RETURN = r"""
_value: {description: The paths., type: list, elements: path}
"""

from collections.abc import Callable
from typing import Any

CONFIGURATION, MAINTENANCE_PAGE = "/etc/haproxy/haproxy.cfg", "/etc/haproxy/traumalink-maintenance.http"
SITE = ("/etc/traumalink/tls/ca.crt", "/etc/traumalink/tls/host.crt")


def haproxy_files(certificate: str) -> list[str]:
    """Return configuration, maintenance page, certificate for browsers, and what it proves itself with to the app hosts."""
    return [CONFIGURATION, MAINTENANCE_PAGE, certificate, *SITE]


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"haproxy_files": haproxy_files}
