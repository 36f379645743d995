# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's secrets: which there are, how each is made, and how they stand in the site's vault file."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

__all__ = ["missing_secrets", "new_authority", "new_password", "new_signing_key", "vault_file_text"]

PASSWORD_BYTES = 32
AUTHORITY_LIFETIME = timedelta(days=3650)


def new_password() -> str:
    """Return a new random password of 256 bits in URL-safe characters."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def new_authority(common_name: str, now: datetime) -> tuple[str, str]:
    """Return (private key, certificate) in PEM of a new certificate authority that signs host certificates only.

    Args:
        common_name: the authority's name, shown by tools that look at certificates.
        now: an aware time; the certificate is valid from a day before it (for clocks that are behind), ten years long.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode("ascii"), certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def new_signing_key() -> tuple[str, str]:
    """Return (private key, public key) of a new SSH signing key, as ssh-keygen reads them."""
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode("ascii"), public.decode("ascii")


def missing_secrets(wanted: Sequence[str], present: Collection[str]) -> list[str]:
    """Return the wanted names that the vault file does not hold yet; a secret that is there is never made anew."""
    return [name for name in wanted if name not in present]


def vault_file_text(
    before: str, encrypted: dict[str, str], public: dict[str, str], encrypt: Callable[[str], str]
) -> str:
    """Return the vault file with further entries: `encrypted` values as inline vault text, `public` ones readable.

    Args:
        before: the file as it is, kept to the letter.
        encrypt: turns a plain text into vault text (`$ANSIBLE_VAULT;…` lines).
    """
    parts = [
        before or "---\n# Made by traumalink.ops.secrets. Keep the vault password in the hospital's safe as well.\n"
    ]
    if not parts[0].endswith("\n"):
        parts.append("\n")
    for name, text in public.items():
        parts.append(f"{name}: |\n" + indented(text))
    for name, text in encrypted.items():
        parts.append(f"{name}: !vault |\n" + indented(encrypt(text)))
    return "".join(parts)


def indented(text: str) -> str:
    """Return lines as the body of a YAML block scalar."""
    return "".join(f"  {line}\n" for line in text.strip().splitlines())
