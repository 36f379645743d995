# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What opens one host's backups of files and no other's, made from the site's one passphrase, which itself lies on no host."""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["file_secrets"]


def file_secrets(host: str, passphrase: str) -> dict[str, str]:
    """Return a host's secrets of backups of files.

    Returns:
        `passphrase` of its repository; `login`, its password at the server on ops; `entry`, its line of that server's htpasswd file.
        From none of them the site's passphrase, or another host's secrets, can be found out.
    """
    login = derived(passphrase, f"login {host}")
    # rclone takes SHA-1 in htpasswd. The login is as long as its sum and random, so neither salt nor a slow sum is needed.
    digest = base64.b64encode(hashlib.sha1(login.encode(), usedforsecurity=False).digest()).decode()
    return {
        "passphrase": derived(passphrase, f"passphrase {host}"),
        "login": login,
        "entry": f"{host}:{{SHA}}{digest}",
    }


def derived(key: str, purpose: str) -> str:
    """Return HMAC-SHA-256 (RFC 2104) of a purpose in hexadecimal."""
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).hexdigest()
