# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's certificate looked at whole, so that one question tells whether there is anything to do. Needs python3-cryptography."""

from __future__ import annotations

import grp
import ipaddress
import pwd
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Wanted", "what_is_amiss"]

# What role certificates lays down: name, mode, and whether the services' group may read it.
FILES = (("host.key", 0o640, True), ("host.crt", 0o644, False), ("ca.crt", 0o644, False))


@dataclass(frozen=True)
class Wanted:
    """What a host should have.

    Attributes:
        common_name: the host's name.
        subjects: alternative names as openssl writes them, `DNS:…` or `IP:…`; as a set.
        authority: the authority's certificate, PEM.
        renew_days: with fewer days left than this, the certificate is renewed.
        owner: the system user whose files they are; group: the system group of services that read the key.
    """

    common_name: str
    subjects: Sequence[str]
    authority: str
    renew_days: int
    owner: str = "root"
    group: str = "traumalink-tls"


def what_is_amiss(folder: Path, wanted: Wanted, now: datetime) -> str:
    """Return what has to be made or renewed in `folder`, in words, or an empty text where nothing has.

    Args:
        now: an aware time.
    """
    try:
        return next(files_amiss(folder, wanted), "") or next(certificate_amiss(folder, wanted, now), "")
    except (OSError, KeyError, ValueError, TypeError) as error:  # a file or a group that is not there, or no PEM in it
        return f"{folder} cannot be read as it should be: {error}"


def files_amiss(folder: Path, wanted: Wanted) -> Iterator[str]:
    """Yield files whose owner or mode is another."""
    owner = pwd.getpwnam(wanted.owner)
    services = grp.getgrnam(wanted.group).gr_gid
    expected = [(folder, 0o755, owner.pw_gid)]
    expected += [(folder / name, mode, services if shared else owner.pw_gid) for name, mode, shared in FILES]
    for path, mode, group in expected:
        status = path.stat()
        if (status.st_uid, status.st_gid, status.st_mode & 0o7777) != (owner.pw_uid, group, mode):
            yield f"{path} has another owner or mode"


def certificate_amiss(folder: Path, wanted: Wanted, now: datetime) -> Iterator[str]:
    """Yield what of key, authority and certificate does not fit."""
    if (folder / "ca.crt").read_text(encoding="utf-8").strip() != wanted.authority.strip():
        yield "the authority is another"
    key = load_pem_private_key((folder / "host.key").read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        yield "the key is of another kind"
    certificate = x509.load_pem_x509_certificate((folder / "host.crt").read_bytes())
    if public_bytes(certificate.public_key()) != public_bytes(key.public_key()):
        yield "the certificate is another key's"
    if not issued_by(certificate, x509.load_pem_x509_certificate(wanted.authority.encode())):
        yield "the certificate is not of the site's authority"
    if certificate.subject != x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name)]):
        yield "the certificate is for another host"
    if names(certificate) != set(map(normal, wanted.subjects)):
        yield "the certificate is for other names"
    if not for_both_sides(certificate):
        yield "the certificate is for other uses"
    begin, end = validity(certificate)
    if now < begin or end < now + timedelta(days=wanted.renew_days):
        yield f"the certificate is valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d}"


def public_bytes(key: object) -> bytes:
    """Return a public key's bytes, to compare."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]


def issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Tell whether the authority has signed the certificate; cryptography itself can say so only from version 40 on, Debian 12 has 38."""
    algorithm, key = certificate.signature_hash_algorithm, authority.public_key()
    if certificate.issuer != authority.subject or algorithm is None:
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def names(certificate: x509.Certificate) -> set[str]:
    """Return the alternative names, as `DNS:…` and `IP:…`."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = {f"IP:{address}" for address in found.get_values_for_type(x509.IPAddress)}
    return addresses | {f"DNS:{name}" for name in found.get_values_for_type(x509.DNSName)}


def normal(subject: str) -> str:
    """Return an alternative name as the certificate's are written: an address has many spellings."""
    kind, _, value = subject.partition(":")
    return f"IP:{ipaddress.ip_address(value)}" if kind == "IP" else subject


def for_both_sides(certificate: x509.Certificate) -> bool:
    """Tell whether it proves a server and a client, and nothing else."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    wanted = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    return usage.critical and usage.value.digital_signature and set(extended) == wanted


def validity(certificate: x509.Certificate) -> tuple[datetime, datetime]:
    """Return from when and until when it is valid; before version 42 cryptography gives UTC without saying so."""
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return certificate.not_valid_before.replace(tzinfo=UTC), certificate.not_valid_after.replace(tzinfo=UTC)
