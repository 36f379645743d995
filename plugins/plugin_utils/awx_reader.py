# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading from the contract's AWX with a token that can only read. It follows no redirect, uses no proxy, and believes no other host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.health import NoAnswerError
from ansible_collections.traumalink.ops.plugins.module_utils.https import HttpsGetter

__all__ = ["TOKEN", "AwxReader", "AwxUnreadError"]

TOKEN = "TRAUMALINK_AWX_TOKEN"  # noqa: S105 - the name of a variable of the process, which AWX's credential fills
TIMEOUT_SECONDS = 15.0
MOST_BYTES = 8 * 1024 * 1024


class AwxUnreadError(OpsError):
    """AWX cannot be asked, or does not answer with what was asked for."""


@dataclass(frozen=True)
class AwxReader:
    """A way to read.

    Attributes:
        url: AWX's address, https alone; ca: the authority of its certificate (PEM), None for the system's.
        token: an AWX token with the scope read.
    """

    url: str
    token: str
    ca: str | None = None

    def __call__(self, path: str) -> dict[str, Any]:
        """Return what AWX holds at a path of its API, such as `jobs/17/`.

        Raises:
            AwxUnreadError: it cannot be reached, is another, refuses, or answers with something else.
        """
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        get = HttpsGetter(ca_data=self.ca, headers=headers, body_limit_bytes=MOST_BYTES)
        try:
            answer = get(f"{self.url.rstrip('/')}/api/v2/{path}", TIMEOUT_SECONDS)
        except (OpsError, NoAnswerError, ValueError) as error:
            raise AwxUnreadError(f"{self.url} cannot be asked ({error})") from None
        if answer.status in (401, 403):
            raise AwxUnreadError(
                f"{self.url} does not take the token (HTTP {answer.status}); fill a valid one with the scope read into the credential"
            )
        if answer.status != 200:
            raise AwxUnreadError(f"{self.url} has no {path} (HTTP {answer.status})")
        try:
            found = json.loads(answer.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise AwxUnreadError(f"{self.url} does not answer like AWX")
        return found
