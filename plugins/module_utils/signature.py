# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detached SSH signatures (SSHSIG) by `ssh-keygen -Y`: signing a file, and finding out who signed one.

Source of the format and the options: ssh-keygen(1), "ALLOWED SIGNERS"; PROTOCOL.sshsig of OpenSSH.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .errors import OpsError

__all__ = [
    "MAX_SIGNATURE_BYTES",
    "RELEASE_NAMESPACE",
    "SIGNATURE_SUFFIX",
    "Advice",
    "SignatureError",
    "Signer",
    "public_key",
    "sign",
    "signer_of",
    "verify",
]

RELEASE_NAMESPACE = "traumalink-release"
SIGNATURE_SUFFIX = ".sig"
TIMEOUT_SECONDS = 600.0
MAX_SIGNATURE_BYTES = 64 * 1024
# ssh-keygen -Y verify says on success: Good "namespace" signature for principal with ED25519 key SHA256:…
FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


class SignatureError(OpsError):
    """A signature is missing, is not by an allowed signer, or does not fit the file; or a file could not be signed."""


@dataclass(frozen=True)
class Advice:
    """What to do next about a signature, by the kind of what is signed.

    Attributes:
        signers: who may sign, as a group of people or keys.
        stranger: what to do when none of them did.
        damaged: what to do when file and signature do not fit each other.
    """

    signers: str
    stranger: str
    damaged: str


RELEASE_ADVICE = Advice(
    signers="the site's allowed signers",
    stranger="Use the archive and the signature as the vendor published them; only if the vendor has a new "
    "signing key, and confirmed it by another channel, add that key to the allowed signers.",
    damaged="Get archive and signature from the vendor again.",
)


def _ssh_keygen(*arguments: str, stdin: IO[bytes] | None = None) -> subprocess.CompletedProcess[str]:
    # Not through command.run: an archive goes in as an open file, since it may be larger than memory.
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    # A key with a passphrase must come from the agent; nobody is there to answer a prompt.
    environment.update(SSH_ASKPASS="/bin/false", SSH_ASKPASS_REQUIRE="force")
    if "SSH_AUTH_SOCK" in os.environ:
        environment["SSH_AUTH_SOCK"] = os.environ["SSH_AUTH_SOCK"]
    source: Any = subprocess.DEVNULL
    if stdin is not None:
        # The child reads from the descriptor itself, whose place this sets.
        os.lseek(stdin.fileno(), 0, os.SEEK_SET)
        source = stdin
    try:
        return subprocess.run(
            ["ssh-keygen", *arguments],
            stdin=source,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            timeout=TIMEOUT_SECONDS,
            check=False,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise SignatureError("ssh-keygen is missing on this host; install the package openssh-client") from None
    except subprocess.TimeoutExpired:
        raise SignatureError(f"ssh-keygen did not end within {TIMEOUT_SECONDS:.0f} s and was stopped") from None


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join((done.stderr.strip() or done.stdout.strip()).split())


@dataclass(frozen=True)
class Signer:
    """Who signed: a principal of the allowed signers, and the fingerprint (SHA256:…) of the key that was used."""

    principal: str
    fingerprint: str


def verify(
    data: IO[bytes],
    signature: bytes,
    allowed_signers: str,
    namespace: str,
    what: str,
    advice: Advice = RELEASE_ADVICE,
) -> str:
    """Return the principal who signed; see `signer_of`. Raises SignatureError."""
    return signer_of(data, signature, allowed_signers, namespace, what, advice).principal


def signer_of(
    data: IO[bytes],
    signature: bytes,
    allowed_signers: str,
    namespace: str,
    what: str,
    advice: Advice = RELEASE_ADVICE,
) -> Signer:
    """Return who signed `data`, an open file on disk, as `allowed_signers`, the text of such a file, names them.

    `what` names the file in messages, `advice` says what to do next. Nothing of `data` is interpreted.

    Raises:
        SignatureError: by nobody of the allowed signers, for another namespace, or over other bytes.
    """
    if not signature.strip():
        raise SignatureError(f"The signature of {what} is empty. {advice.damaged}")
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise SignatureError(f"The signature of {what} is no SSH signature: it is too long. {advice.damaged}")
    with tempfile.TemporaryDirectory(prefix="traumalink-signature-") as directory:
        signature_file, signers_file = Path(directory, "signature"), Path(directory, "allowed_signers")
        signature_file.write_bytes(signature)
        signers_file.write_text(allowed_signers.rstrip("\n") + "\n", encoding="utf-8")
        found = _ssh_keygen("-Y", "find-principals", "-s", str(signature_file), "-f", str(signers_file))
        principals = [name for name in found.stdout.strip().split(",") if name and not name.startswith("!")]
        if found.returncode != 0 or not principals:
            raise SignatureError(
                f"{what} is not signed by one of {advice.signers} ({_said(found) or 'no principal matched'}). {advice.stranger}"
            )
        checked = _ssh_keygen(
            "-Y", "verify", "-f", str(signers_file), "-I", principals[0], "-n", namespace, "-s", str(signature_file),
            stdin=data,
        )  # fmt: skip
        if checked.returncode != 0:
            raise SignatureError(
                f"The signature by {principals[0]} does not fit {what} ({_said(checked)}): the file was changed after "
                f"signing, or signed for another purpose than {namespace}. {advice.damaged}"
            )
        used = FINGERPRINT.search(checked.stdout)
        return Signer(principals[0], used[0] if used else "")


def public_key(key_file: Path) -> str:
    """Return the public key (type and base64) of `key_file`: a public key file, or a private one, with or without `.pub` beside it.

    Raises:
        SignatureError: there is no such file, or it is encrypted and has no `.pub` beside it.
    """
    if not key_file.is_file():
        raise SignatureError(
            f"The signing key {key_file} does not exist. Make one with: ssh-keygen -t ed25519 -f {key_file}"
        )
    beside = key_file.with_name(key_file.name + ".pub")
    for candidate in (key_file, beside):
        words = candidate.read_text(encoding="utf-8", errors="replace").split() if candidate.is_file() else []
        if len(words) >= 2 and words[0].startswith(("ssh-", "ecdsa-", "sk-")):
            return " ".join(words[:2])
    done = _ssh_keygen("-y", "-f", str(key_file))
    if done.returncode != 0:
        raise SignatureError(
            f"The public half of {key_file} cannot be read ({_said(done)}). Keep it beside the key as {beside.name}; "
            "a key with a passphrase must be in ssh-agent."
        )
    return " ".join(done.stdout.split()[:2])


def sign(data_file: Path, key_file: Path, namespace: str) -> bytes:
    """Return the signature of `data_file` by the private key `key_file`, or by the agent's when that is a public key.

    Raises:
        SignatureError: the key is unreadable, encrypted without an agent, or not in the agent.
    """
    with tempfile.TemporaryDirectory(prefix="traumalink-sign-") as directory:
        # ssh-keygen writes its result beside its input, so its input is a link in a folder of our own.
        link = Path(directory, "data")
        link.symlink_to(data_file.resolve())
        done = _ssh_keygen("-Y", "sign", "-f", str(key_file), "-n", namespace, str(link))
        written = Path(directory, "data.sig")
        if done.returncode != 0 or not written.is_file():
            raise SignatureError(
                f"{data_file.name} could not be signed with {key_file} ({_said(done)}). Give a private key that only you "
                "can read (mode 0600), or a public key whose private half is in ssh-agent (see ssh-add -l)."
            )
        return written.read_bytes()
