# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option `database` of the Ansible modules that lead the application to its database (see database_access)."""

from __future__ import annotations

from typing import Any

__all__ = ["DATABASE_OPTIONS"]

DATABASE_OPTIONS: dict[str, dict[str, Any]] = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 5432},
    "name": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "ca_file": {"type": "path", "default": "/etc/traumalink/tls/ca.crt"},
}
