"""Signatures by the real ssh-keygen: who signed is found out, and everything else is refused with what to do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.signature import (
    Advice,
    SignatureError,
    public_key,
    sign,
    verify,
)

Keys = Callable[[str], Path]
Allowed = Callable[[str], str]
NAMESPACE = "traumalink-release"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.write_bytes(bytes(range(256)) * 1000)
    return path


def check(data: Path, signature: bytes, allowed: str, namespace: str = NAMESPACE) -> str:
    with data.open("rb") as opened:
        opened.read(5)  # wherever the reader stands, the whole file counts
        return verify(opened, signature, allowed, namespace, "it.tar.gz")


def test_names_who_signed(data: Path, keys: Keys, allowed: Allowed) -> None:
    signature = sign(data, keys("vendor"), NAMESPACE)
    assert check(data, signature, allowed("vendor")) == "vendor@vendor.example"
    assert check(data, signature, allowed("other") + allowed("vendor")) == "vendor@vendor.example"
    assert list(data.parent.iterdir()) == [data]


def test_refuses_a_key_that_is_not_allowed(data: Path, keys: Keys, allowed: Allowed) -> None:
    signature = sign(data, keys("stranger"), NAMESPACE)
    for signers in (allowed("vendor"), "", "# nobody\n", "not a line of that format"):
        with pytest.raises(SignatureError, match=r"not signed by one of the site's allowed signers.*add that key"):
            check(data, signature, signers)


def test_refuses_other_bytes(data: Path, keys: Keys, allowed: Allowed) -> None:
    signature = sign(data, keys("vendor"), NAMESPACE)
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(
        SignatureError, match=r"by vendor@vendor.example does not fit it.tar.gz .*from the vendor again"
    ):
        check(data, signature, allowed("vendor"))


def test_refuses_a_signature_made_for_another_purpose(data: Path, keys: Keys, allowed: Allowed) -> None:
    signature = sign(data, keys("vendor"), "traumalink-approval")
    with pytest.raises(SignatureError, match="another purpose than traumalink-release"):
        check(data, signature, allowed("vendor"))


def test_honours_the_options_of_the_allowed_signers(data: Path, keys: Keys, allowed: Allowed) -> None:
    signature = sign(data, keys("vendor"), NAMESPACE)
    principal, key = allowed("vendor").splitlines()[1].split(" ", 1)
    assert check(data, signature, f'{principal} namespaces="{NAMESPACE}" {key}') == principal
    for options in ('namespaces="file"', 'valid-before="20200101"'):
        with pytest.raises(SignatureError):
            check(data, signature, f"{principal} {options} {key}")


def test_says_what_to_do_in_the_words_of_what_is_signed(data: Path, keys: Keys, allowed: Allowed) -> None:
    advice = Advice(signers="the approvers", stranger="Ask an approver.", damaged="Ask again.")
    good = sign(data, keys("vendor"), NAMESPACE)
    for signature, signers, namespace, said in (
        (b"", "vendor", NAMESPACE, r"The signature of it is empty\. Ask again\.$"),
        (b"x" * 70000, "vendor", NAMESPACE, r"too long\. Ask again\.$"),
        (good, "other", NAMESPACE, r"it is not signed by one of the approvers .*\)\. Ask an approver\.$"),
        (good, "vendor", "another", r"for another purpose than another\. Ask again\.$"),
    ):
        with data.open("rb") as opened, pytest.raises(SignatureError, match=said):
            verify(opened, signature, allowed(signers), namespace, "it", advice)


@pytest.mark.parametrize("signature", [b"", b"  \n", b"no signature", b"x" * 70000])
def test_refuses_what_is_no_signature(data: Path, signature: bytes, allowed: Allowed) -> None:
    with pytest.raises(SignatureError, match=r"it\.tar\.gz"):
        check(data, signature, allowed("vendor"))


def test_reads_the_public_half(keys: Keys, tmp_path: Path) -> None:
    key = keys("vendor")
    expected = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    alone = tmp_path / "alone"
    alone.write_bytes(key.read_bytes())
    alone.chmod(0o600)
    assert {public_key(key), public_key(key.with_suffix(".pub")), public_key(alone)} == {expected}
    with pytest.raises(SignatureError, match="does not exist"):
        public_key(tmp_path / "none")


def test_a_key_with_a_passphrase_never_asks(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", str(key)], check=True)
    with pytest.raises(SignatureError, match="ssh-agent"):
        sign(data, key, NAMESPACE)
    key.with_suffix(".pub").unlink()
    with pytest.raises(SignatureError, match=r"locked\.pub"):
        public_key(key)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """Run an ssh-agent of our own."""
    socket = str(tmp_path / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        while not Path(socket).exists():
            assert process.poll() is None
        yield socket
    finally:
        process.terminate()
        process.wait()


def test_signs_with_a_key_that_only_the_agent_has(
    data: Path, keys: Keys, allowed: Allowed, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = data.parent / "only.pub"
    public.write_text(keys("vendor").with_suffix(".pub").read_text())
    monkeypatch.setenv("SSH_AUTH_SOCK", agent)
    with pytest.raises(SignatureError, match="ssh-add -l"):
        sign(data, public, NAMESPACE)
    subprocess.run(["ssh-add", "-q", str(keys("vendor"))], env={**os.environ, "SSH_AUTH_SOCK": agent}, check=True)
    assert check(data, sign(data, public, NAMESPACE), allowed("vendor")) == "vendor@vendor.example"
