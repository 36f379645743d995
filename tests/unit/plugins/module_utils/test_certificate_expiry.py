"""When certificates end: in a file, and as a server shows it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import certificate_expiry
from ansible_collections.traumalink.ops.plugins.module_utils.certificate_expiry import (
    TlsFiles,
    certificate_in,
    certificate_shown,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ENDS = datetime(2036, 3, 1, 12, tzinfo=UTC)


def make(folder: Path, ends: datetime = ENDS) -> TlsFiles:
    """Make a certificate that vouches for itself and for the name db1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "db1")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(ends - timedelta(days=9999)).not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("db1")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    files = TlsFiles(folder / "ca.crt", folder / "host.crt", folder / "host.key")
    for path in (files.authority, files.certificate):
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    """Give a certificate that is good for years."""
    return make(tmp_path)


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[TlsFiles, int]]:
    """Give a TLS server that shows its certificate to one caller, and its port."""
    files = make(tmp_path, getattr(request, "param", ENDS))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _address = listener.accept()
        try:
            context.wrap_socket(plain, server_side=True).close()
        except OSError:
            plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield files, listener.getsockname()[1]
    thread.join(5)
    listener.close()


def test_tells_the_end_of_a_certificate_in_a_file(files: TlsFiles) -> None:
    assert certificate_in(files.certificate, "host.crt").ends_at == ENDS


def test_what_is_no_certificate_says_why(files: TlsFiles) -> None:
    found = certificate_in(files.key, "host.crt")
    assert found.ends_at is None
    assert found.problem
    assert "No such file" in certificate_in(files.key.with_name("gone.crt"), "gone").problem


def test_tells_the_end_of_the_certificate_that_a_server_shows(served: tuple[TlsFiles, int]) -> None:
    files, port = served
    found = certificate_shown("127.0.0.1", port, "db1", files)
    assert (found.name, found.ends_at, found.problem) == (f"db1:{port}", ENDS, "")


@pytest.mark.parametrize("served", [datetime(2026, 1, 1, tzinfo=UTC)], indirect=True)
def test_a_server_whose_certificate_has_ended_is_a_problem(served: tuple[TlsFiles, int]) -> None:
    files, port = served
    found = certificate_shown("127.0.0.1", port, "db1", files)
    assert found.ends_at is None
    assert "expired" in found.problem


def test_a_server_that_proves_another_name_is_a_problem(served: tuple[TlsFiles, int]) -> None:
    files, port = served
    assert "db2" in certificate_shown("127.0.0.1", port, "db2", files).problem


def test_a_server_that_is_off_is_a_problem(files: TlsFiles) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "refused" in certificate_shown("127.0.0.1", port, "db1", files).problem


def test_a_host_without_the_package_says_so(files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate_expiry, "x509", None)
    assert "python3-cryptography is missing" in certificate_in(files.certificate, "host.crt").problem
