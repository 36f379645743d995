# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate ends: one in a file, or the one that a server shows."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

try:
    from cryptography import x509
except ImportError:  # Debian's package, which the role certificates installs
    x509 = None  # type: ignore[assignment]

from .backup_status import Certificate
from .errors import OpsError

__all__ = ["TlsFiles", "certificate_in", "certificate_shown"]

TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class TlsFiles:
    """What a host of the site proves itself with: its certificate and key, and the authority that the others are judged by."""

    authority: Path = Path("/etc/traumalink/tls/ca.crt")
    certificate: Path = Path("/etc/traumalink/tls/host.crt")
    key: Path = Path("/etc/traumalink/tls/host.key")


def certificate_in(path: Path, name: str) -> Certificate:
    """Return the certificate of a file."""
    try:
        return Certificate(name, ends_at(path.read_bytes()))
    except (OSError, ValueError, OpsError) as error:
        return Certificate(name, None, str(error))


def certificate_shown(host: str, port: int, name: str, files: TlsFiles) -> Certificate:
    """Return the certificate that a server shows; the server must prove `name`, as its callers demand."""
    try:
        context = ssl.create_default_context(cafile=str(files.authority))
        context.load_cert_chain(files.certificate, files.key)
        with (
            socket.create_connection((host, port), TIMEOUT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=name) as secured,
        ):
            shown = secured.getpeercert(binary_form=True) or b""
        return Certificate(f"{name}:{port}", ends_at(ssl.DER_cert_to_PEM_cert(shown).encode("ascii")))
    except (OSError, ValueError, OpsError) as error:  # a certificate that has ended is refused in the handshake
        return Certificate(f"{name}:{port}", None, str(error))


def ends_at(pem: bytes) -> datetime:
    """Return when a certificate ends, aware, UTC.

    Raises:
        ValueError: it is none.
        OpsError: the package is missing.
    """
    if x509 is None:
        raise OpsError("python3-cryptography is missing on this host; run traumalink.ops.site")
    certificate = x509.load_pem_x509_certificate(pem)
    moment = getattr(certificate, "not_valid_after_utc", None)  # from cryptography 42 on; Debian 12 has 38
    return moment if isinstance(moment, datetime) else certificate.not_valid_after.replace(tzinfo=UTC)
