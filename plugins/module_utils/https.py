# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking an HTTPS address with the site's authority and, where wanted, a client certificate. Standard library only."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import OpsError
from .health import Answer, NoAnswerError

__all__ = ["HttpsGetter"]

BODY_LIMIT_BYTES = 1024 * 1024


class _Connection(http.client.HTTPSConnection):
    """Connects to one name or address, and has the server prove another."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, timeout: float, server_name: str) -> None:
        super().__init__(host, port, context=context, timeout=timeout)
        self.tls = context
        self.server_name = server_name

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        try:
            self.sock = self.tls.wrap_socket(plain, server_hostname=self.server_name)
        except BaseException:
            plain.close()
            raise


@dataclass(frozen=True)
class HttpsGetter:
    """A getter over HTTPS. Redirects are not followed: an answer is judged as it comes.

    Attributes:
        ca_file, ca_data: the authorities that may vouch for the server, as a file or as PEM text; without both the system's.
        certificate: our certificate, where the server wants one.
        key: its private key.
        server_name: the name that the server must prove, where it is not the one in the address.
        headers: sent besides, such as a token; body_limit_bytes: more of an answer is not read.
    """

    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None
    server_name: str | None = None
    ca_data: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body_limit_bytes: int = BODY_LIMIT_BYTES

    def context(self) -> ssl.SSLContext:
        """Return the TLS settings. Raises OpsError when a file is missing or does not fit."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file, cadata=self.ca_data)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except OSError as error:
            files = ", ".join(name for name in (self.ca_file, self.certificate, self.key) if name) or "that were given"
            raise OpsError(
                f"The TLS files {files} cannot be used ({error}); see that the host has its certificate."
            ) from None
        return context

    def __call__(self, url: str, timeout_seconds: float) -> Answer:
        """Return the answer. Raises NoAnswerError with the reason, OpsError for an address that is not HTTPS."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise OpsError(f"{url} is no https address")
        name = self.server_name or parts.hostname
        connection = _Connection(parts.hostname, parts.port or 443, self.context(), timeout_seconds, name)
        try:
            asked = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Host": name, "User-Agent": "traumalink.ops", **self.headers}
            connection.request("GET", asked, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(self.body_limit_bytes))
        except TimeoutError:
            raise NoAnswerError(f"no answer within {timeout_seconds:.0f} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswerError(str(error) or type(error).__name__) from None
        finally:
            connection.close()
