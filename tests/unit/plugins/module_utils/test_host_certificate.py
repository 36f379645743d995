"""A host's certificate is current only where nothing about it would be made anew."""

from __future__ import annotations

import grp
import ipaddress
import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.host_certificate import Wanted, what_is_amiss
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SUBJECTS = ("DNS:db1", "DNS:2001:db8::1", "IP:2001:0db8:0:0::1")
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass
class Authority:
    """Signs."""

    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    name: str = "site authority"

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        algorithm = None if isinstance(self.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        return builder.serial_number(x509.random_serial_number()).sign(self.key, algorithm)

    @property
    def pem(self) -> str:
        builder = x509.CertificateBuilder().subject_name(named(self.name)).issuer_name(named(self.name))
        builder = builder.public_key(self.key.public_key()).not_valid_before(NOW).not_valid_after(NOW + timedelta(3650))
        return self.sign(builder).public_bytes(Encoding.PEM).decode()

    def certificate(self, key: Any, **changes: Any) -> bytes:
        given = {
            "name": "db1",
            "days": 100,
            "usages": BOTH,
            "critical": True,
            "subjects": True,
            "begin": NOW,
            **changes,
        }
        builder = x509.CertificateBuilder().subject_name(named(given["name"])).issuer_name(named(self.name))
        builder = builder.public_key(key.public_key()).not_valid_before(given["begin"])
        builder = builder.not_valid_after(NOW + timedelta(days=given["days"]))
        if given["subjects"]:
            address = ipaddress.ip_address("2001:db8::1")
            names = [x509.DNSName("db1"), x509.DNSName("2001:db8::1"), x509.IPAddress(address)]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        usage = x509.KeyUsage(True, *[False] * 8)
        builder = builder.add_extension(usage, critical=given["critical"])
        if given["usages"]:
            builder = builder.add_extension(x509.ExtendedKeyUsage(given["usages"]), critical=False)
        return self.sign(builder).public_bytes(Encoding.PEM)


def private(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass
class Place:
    """A host's folder, and what it should hold."""

    folder: Path
    authority: Authority
    wanted: Wanted
    key: Any

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    @property
    def amiss(self) -> str:
        return what_is_amiss(self.folder, self.wanted, NOW)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Give a folder with a certificate as it should be."""
    owner = pwd.getpwuid(os.geteuid())
    authority, key = Authority(), ec.generate_private_key(ec.SECP256R1())
    pem = authority.pem
    wanted = Wanted("db1", SUBJECTS, pem, 60, owner.pw_name, grp.getgrgid(owner.pw_gid).gr_name)
    tmp_path.chmod(0o755)
    os.chown(tmp_path, owner.pw_uid, owner.pw_gid)
    for name, content, mode in (
        ("host.key", private(key), 0o640),
        ("host.crt", authority.certificate(key), 0o644),
        ("ca.crt", pem.encode(), 0o644),
    ):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(mode)
    return Place(tmp_path, authority, wanted, key)


def test_where_all_is_well_there_is_nothing_to_do(place: Place) -> None:
    assert place.amiss == ""


def test_an_authority_with_an_rsa_key_is_one_too(place: Place) -> None:
    place.authority.key = rsa.generate_private_key(65537, 2048)
    pem = place.authority.pem
    place.write("ca.crt", pem.encode())
    place.write("host.crt", place.authority.certificate(place.key))
    place.wanted = replace(place.wanted, authority=pem)
    assert place.amiss == ""


def key_of_somebody(place: Place) -> None:
    place.write("host.key", private(ec.generate_private_key(ec.SECP256R1())))


def key_of_another_kind(place: Place) -> None:
    place.write("host.key", private(rsa.generate_private_key(65537, 2048)))


def forged(place: Place) -> None:
    place.write("host.crt", Authority().certificate(place.key))


def of_another_authority(place: Place) -> None:
    place.write("host.crt", Authority(name="elsewhere").certificate(place.key))


def of_an_authority_of_unknown_kind(place: Place) -> None:
    authority = Authority(key=ed25519.Ed25519PrivateKey.generate())
    pem = authority.pem
    place.write("ca.crt", pem.encode())
    place.write("host.crt", authority.certificate(place.key))
    place.wanted = replace(place.wanted, authority=pem)


def changed(**changes: Any) -> Callable[[Place], None]:
    return lambda place: place.write("host.crt", place.authority.certificate(place.key, **changes))


def wanting(**changes: Any) -> Callable[[Place], None]:
    def arrange(place: Place) -> None:
        place.wanted = replace(place.wanted, **changes)

    return arrange


def mode(name: str, value: int) -> Callable[[Place], None]:
    return lambda place: (place.folder / name).chmod(value)


@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        (key_of_somebody, "the certificate is another key's"),
        (key_of_another_kind, "the key is of another kind"),
        (forged, "the certificate is not of the site's authority"),
        (of_another_authority, "the certificate is not of the site's authority"),
        (of_an_authority_of_unknown_kind, "the certificate is not of the site's authority"),
        (changed(name="db2"), "the certificate is for another host"),
        (changed(subjects=False), "the certificate is for other names"),
        (wanting(subjects=(*SUBJECTS, "DNS:trauma.example.org")), "the certificate is for other names"),
        (changed(usages=BOTH[:1]), "the certificate is for other uses"),
        (changed(usages=()), "the certificate is for other uses"),
        (changed(critical=False), "the certificate is for other uses"),
        (changed(days=59), "the certificate is valid from 2026-11-25 to 2027-01-23"),
        (changed(begin=NOW + timedelta(hours=1)), "the certificate is valid from 2026-11-25"),
        (wanting(renew_days=101), "the certificate is valid from 2026-11-25 to 2027-03-05"),
        (wanting(authority="another"), "the authority is another"),
        (mode("host.key", 0o644), "host.key has another owner or mode"),
        (mode("host.crt", 0o600), "host.crt has another owner or mode"),
        (mode(".", 0o775), " has another owner or mode"),
        (wanting(group="no-such-group"), "cannot be read as it should be"),
        (lambda place: place.write("host.crt", b""), "cannot be read as it should be"),
        (lambda place: place.write("host.key", b"-----BEGIN nothing"), "cannot be read as it should be"),
        (lambda place: (place.folder / "ca.crt").unlink(), "cannot be read as it should be"),
    ],
)
def test_what_is_amiss_is_said(place: Place, arrange: Callable[[Place], None], said: str) -> None:
    arrange(place)
    assert said in place.amiss


def test_a_day_before_it_would_be_renewed_it_is_current(place: Place) -> None:
    changed(days=60)(place)
    assert place.amiss == ""
