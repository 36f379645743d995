# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sign of life to another host: where it stops coming, that host's monitoring raises the alarm, whatever became of this one."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from .errors import OpsError

__all__ = ["HeartbeatError", "beat"]

TIMEOUT_SECONDS = 10.0


class HeartbeatError(OpsError):
    """The sign of life did not arrive."""


def beat(url: str) -> None:
    """Give the sign of life by one GET request. The address is a secret: whoever knows it can feign that all is well.

    Raises:
        HeartbeatError: it was not taken; the message does not show the address.
    """
    place = urlsplit(url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise HeartbeatError("the heartbeat's address is no http or https address; see backup_check_heartbeat_url")
    request = urllib.request.Request(url, headers={"User-Agent": "traumalink.ops"})  # noqa: S310 - of these two schemes
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - the same
            answer.read(1024)
    except urllib.error.HTTPError as error:
        raise HeartbeatError(f"{place.hostname} did not take the heartbeat: it answered {error.code}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise HeartbeatError(f"{place.hostname} did not take the heartbeat: {reason}") from None
