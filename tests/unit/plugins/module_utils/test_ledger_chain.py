"""The chain's arithmetic; what it takes to break it is seen in test_ledger_check.py."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import ledger_chain, signature
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_chain import (
    GENESIS,
    Fault,
    Head,
    body_of,
    chained,
    first_fault,
    sign_head,
    signed_by,
)
from ansible_collections.traumalink.ops.plugins.module_utils.signature import SignatureError

HEAD = Head(7, "a" * 64, "2026-11-25T03:30:00Z")


def test_an_entry_is_canonical_and_its_hash_is_that_of_sha256sum() -> None:
    body = body_of(1, "single", {"verb": "记录", "actor": "a"})
    assert body == '{"kind":"single","record":{"actor":"a","verb":"记录"},"sequence":1}'
    assert chained(GENESIS, body) == hashlib.sha256(b"0" * 64 + b"\n" + body.encode()).hexdigest()


def test_a_text_that_holds_no_record_does_not_fit_even_when_its_hash_does() -> None:
    for body in ("{", "[]", "7", '{"record":{}}', "[" * 99999):
        hash_ = chained(GENESIS, body)
        row = (1, "x", "single", "backup", None, "", None, body, GENESIS, hash_, hash_)
        assert first_fault([row], {})[0] == Fault(1, "holds no record"), body[:20]


def test_a_head_says_what_is_signed() -> None:
    assert HEAD.statement == b'{"at":"2026-11-25T03:30:00Z","hash":"' + b"a" * 64 + b'","sequence":7}\n'


def test_a_signature_is_by_one_key_over_one_head(keys: Callable[[str], Path]) -> None:
    text = sign_head(HEAD, keys("hospital"))
    public = keys("hospital").with_suffix(".pub").read_text()
    assert signed_by(HEAD, text, public)
    assert not signed_by(Head(8, HEAD.hash, HEAD.at), text, public)
    assert not signed_by(HEAD, text, keys("other").with_suffix(".pub").read_text())
    assert not signed_by(HEAD, "", public)


def test_a_signature_for_another_purpose_does_not_count(keys: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "head").write_bytes(HEAD.statement)
    text = signature.sign(tmp_path / "head", keys("hospital"), "traumalink-release").decode()
    assert not signed_by(HEAD, text, keys("hospital").with_suffix(".pub").read_text())


def test_a_host_that_cannot_check_signatures_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_arguments: object) -> str:
        raise SignatureError("ssh-keygen is missing on this host; install the package openssh-client")

    monkeypatch.setattr(ledger_chain.signature, "verify", missing)
    with pytest.raises(SignatureError, match="install the package openssh-client"):
        signed_by(HEAD, "x", "ssh-ed25519 AAAA")
