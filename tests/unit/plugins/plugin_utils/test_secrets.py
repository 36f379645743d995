"""A site's secrets: how each is made, and how they stand in the vault file."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.module_utils.signature import sign, verify
from ansible_collections.traumalink.ops.plugins.plugin_utils.secrets import (
    missing_secrets,
    new_authority,
    new_password,
    new_signing_key,
    vault_file_text,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=timezone(timedelta(hours=8)))


class Loader(yaml.SafeLoader):
    """Reads vault text as what was encrypted: the tests' cipher is a word before it."""


Loader.add_constructor("!vault", lambda loader, node: "secret:" + loader.construct_scalar(node).removeprefix("V;"))


def encrypt(text: str) -> str:
    return f"V;{text}\n"


def test_passwords_have_256_bits_and_never_repeat() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    for password in made:
        assert len(base64.urlsafe_b64decode(password + "=" * (-len(password) % 4))) == 32


@pytest.fixture(scope="module")
def authority() -> tuple[str, str]:
    """Give a private key and a certificate in PEM."""
    return new_authority("示例医院", NOW)


def test_authority_names_the_hospital_and_lasts_ten_years_from_yesterday(authority: tuple[str, str]) -> None:
    certificate = x509.load_pem_x509_certificate(authority[1].encode())
    assert certificate.subject.rfc4514_string() == "CN=示例医院"
    assert certificate.issuer == certificate.subject
    assert certificate.not_valid_before_utc == datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
    assert certificate.not_valid_after_utc == NOW + timedelta(days=3650)


def test_authority_signs_host_certificates_only(authority: tuple[str, str]) -> None:
    extensions = x509.load_pem_x509_certificate(authority[1].encode()).extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    allowed = [name for name in ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
               "key_agreement", "key_cert_sign", "crl_sign") if getattr(usage.value, name)]  # fmt: skip
    assert allowed == ["key_cert_sign", "crl_sign"]


def test_key_belongs_to_the_certificate(authority: tuple[str, str]) -> None:
    key = load_pem_private_key(authority[0].encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    shape = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    certificate = x509.load_pem_x509_certificate(authority[1].encode())
    assert key.public_key().public_bytes(*shape) == certificate.public_key().public_bytes(*shape)


def test_openssl_accepts_the_authority(authority: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(new_authority("x", datetime.now(UTC))[1])
    done = subprocess.run(["openssl", "verify", "-CAfile", file, file], capture_output=True, text=True, check=False)
    assert done.stdout.endswith(": OK\n"), done.stderr


@pytest.mark.parametrize(
    ("wanted", "present", "missing"),
    [
        (["a", "b"], {}, ["a", "b"]),
        (["b", "a"], {"a": "old"}, ["b"]),
        (["a"], {"a": "old", "x": "1"}, []),
        (["a"], {"a": ""}, []),  # what is there is never made anew, whatever it holds
    ],
)
def test_only_what_is_missing_is_made(wanted: list[str], present: dict[str, Any], missing: list[str]) -> None:
    assert missing_secrets(wanted, present) == missing


def test_a_new_file_opens_as_yaml_and_says_what_it_is() -> None:
    text = vault_file_text("", {"b": "geheim"}, {"a": "line 1\nline 2\n"}, encrypt)
    assert text.startswith("---\n# Made by traumalink.ops.secrets. Keep the vault password in the hospital's safe")
    assert yaml.load(text, Loader) == {"a": "line 1\nline 2\n", "b": "secret:geheim\n"}  # noqa: S506 - a SafeLoader


@pytest.mark.parametrize(
    "before", ["---\n# ours\nold: !vault |\n  V;x\n", "old: !vault |\n  V;x", "---\nold: secret:x"]
)
def test_what_is_there_stays_to_the_letter(before: str) -> None:
    text = vault_file_text(before, {"new": "y"}, {"open": "z"}, encrypt)
    assert text.startswith(before)
    loaded = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    assert (loaded["old"].strip(), loaded["new"], loaded["open"]) == ("secret:x", "secret:y\n", "z\n")


def test_no_secret_stands_open_in_the_file() -> None:
    text = vault_file_text("", {"password": "geheim"}, {}, lambda plain: plain[::-1])
    assert "geheim" not in text
    assert "  miehe" in text


def test_a_signing_key_signs_what_its_public_half_verifies(tmp_path: Path) -> None:
    private, public = new_signing_key()
    key, text = tmp_path / "key", tmp_path / "text"
    key.write_text(private)
    key.chmod(0o600)
    text.write_text("head\n")
    signature = sign(text, key, "test")
    with text.open("rb") as data:
        assert verify(data, signature, f"site {public}", "test", "the text") == "site"
