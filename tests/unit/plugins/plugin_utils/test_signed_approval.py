"""Approvals, signed by the real ssh-keygen: one covers what it names, for as long as it says, when its approver signed it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.signature import sign
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import (
    NAMESPACE,
    Approval,
    ApprovalError,
    approver_keys,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.signed_approval import check, kept, verified

Keys = Callable[[str], Path]
RELEASE, OTHER = "a1" * 32, "b2" * 32
BEGIN, END = datetime(2026, 11, 28, 14, tzinfo=UTC), datetime(2026, 11, 28, 21, tzinfo=UTC)
MADE = datetime(2026, 11, 25, 8, tzinfo=UTC)
WHOLE = Approval(
    "0123456789abcdef", "example_hospital", "upgrade", RELEASE, "trauma-1.1.0.tar.gz", BEGIN, END, "li_na", MADE, "年度升级"
)  # fmt: skip


def public(path: Path) -> str:
    return path.with_suffix(".pub").read_text()


@pytest.fixture
def allowed(keys: Keys) -> dict[str, list[str]]:
    """Give two approvers, one of whom has two keys."""
    return approver_keys([
        {"id": "li_na", "side": "hospital", "roles": ["approver"], "signing_keys": [public(keys("li")), public(keys("li_2"))]},
        {"id": "wang_wei", "side": "hospital", "roles": ["recipient", "approver"], "signing_keys": [public(keys("wang"))]},
    ])  # fmt: skip


Lay = Callable[..., Path]


@pytest.fixture
def lay(tmp_path: Path, keys: Keys) -> Lay:
    """Give a function that writes a document and its signature by a key."""

    def write(approval: Approval = WHOLE, key: str = "li", namespace: str = NAMESPACE, content: bytes = b"") -> Path:
        path = tmp_path / "approval.json"
        path.write_bytes(content or approval.document())
        path.with_name("approval.json.sig").write_bytes(sign(path, keys(key), namespace))
        return path

    return write


def covers(path: Path, allowed: dict[str, list[str]], **changes: Any) -> Approval:
    wanted = {"site": "example_hospital", "verb": "upgrade", "subject": RELEASE, "now": BEGIN, **changes}
    return check(
        path, changes.pop("signature", None), allowed, **{k: v for k, v in wanted.items() if k != "signature"}
    ).approval


@pytest.mark.parametrize("key", ["li", "li_2"])
def test_covers_the_operation_that_it_names(lay: Lay, allowed: dict[str, list[str]], key: str) -> None:
    assert covers(lay(key=key), allowed) == WHOLE


@pytest.mark.parametrize("key", ["li", "li_2"])
def test_tells_which_key_signed(lay: Lay, keys: Keys, allowed: dict[str, list[str]], key: str) -> None:
    fingerprint = check(lay(key=key), None, allowed, "example_hospital", "upgrade", RELEASE, BEGIN).key
    listed = subprocess.run(["ssh-keygen", "-l", "-f", keys(key)], capture_output=True, text=True, check=True)
    assert fingerprint == listed.stdout.split()[1]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BEGIN - timedelta(seconds=1), r"not valid before 2026-11-28T14:00:00Z; it is 2026-11-28T13:59:59Z now\. Wait"),
        (BEGIN, None),
        (BEGIN.astimezone(timezone(timedelta(hours=8))), None),
        (END - timedelta(microseconds=1), None),
        (END, r"expired at 2026-11-28T21:00:00Z; it is 2026-11-28T21:00:00Z now\. Have another one made"),
        (END + timedelta(days=400), "expired at"),
    ],
)
def test_is_valid_from_its_begin_until_before_its_end(
    lay: Lay, allowed: dict[str, list[str]], now: datetime, said: str | None
) -> None:
    path = lay()
    if said is None:
        assert covers(path, allowed, now=now) == WHOLE
    else:
        with pytest.raises(ApprovalError, match=said):
            covers(path, allowed, now=now)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"site": "lab"}, "is for the site example_hospital, not for lab. Have another one made by the hospital"),
        ({"verb": "patch"}, "is for upgrade, not for patch. "),
        (
            {"subject": OTHER},
            "is for the release or plan with SHA-256 a1a1a1a1a1a1… (trauma-1.1.0.tar.gz), not for the release or plan with SHA-256 b2b2b2b2b2b2…. ",
        ),
        ({"subject": ""}, "upgrade is approved for one release or plan, and this run names none. See that its archive"),
    ],
)
def test_refuses_another_site_verb_or_release_and_names_both(
    lay: Lay, allowed: dict[str, list[str]], changes: dict[str, str], said: str
) -> None:
    with pytest.raises(ApprovalError) as caught:
        covers(lay(), allowed, **changes)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_verb_without_a_release_has_no_subject(lay: Lay, allowed: dict[str, list[str]]) -> None:
    path = lay(replace(WHOLE, verb="failover", subject="", subject_name=""))
    assert covers(path, allowed, verb="failover", subject="").subject == ""
    with pytest.raises(ApprovalError, match="is for no release or plan, not for the release or plan with SHA-256 a1a1"):
        covers(path, allowed, verb="failover")


@pytest.mark.parametrize("verb", ["deploy", "patch", "site", "upgrade"])
def test_an_approval_without_a_release_covers_no_verb_that_uses_one(
    lay: Lay, allowed: dict[str, list[str]], verb: str
) -> None:
    path = lay(replace(WHOLE, verb=verb, subject="", subject_name=""))
    with pytest.raises(ApprovalError, match=f"^{verb} is approved for one release or plan, and this run names none"):
        covers(path, allowed, verb=verb, subject="")
    with pytest.raises(ApprovalError, match="is for no release or plan, not for the release or plan with SHA-256 a1a1"):
        covers(path, allowed, verb=verb)


def test_refuses_the_signature_of_another_approver(lay: Lay, allowed: dict[str, list[str]]) -> None:
    with pytest.raises(
        ApprovalError, match=r"names li_na as approver, and wang_wei has signed it\. Have it made by one"
    ):
        covers(lay(key="wang"), allowed)


def test_refuses_a_key_that_no_approver_has(lay: Lay, allowed: dict[str, list[str]]) -> None:
    said = r"is not signed by one of the hospital's approvers .*contact who is an approver.*contract\.contacts"
    with pytest.raises(ApprovalError, match=said):
        covers(lay(key="stranger"), allowed)


def test_refuses_a_signature_made_for_another_purpose(lay: Lay, allowed: dict[str, list[str]]) -> None:
    with pytest.raises(
        ApprovalError, match=r"another purpose than traumalink-approval\. Get the approval and its \.sig"
    ):
        covers(lay(namespace="traumalink-release"), allowed)


def test_refuses_a_document_that_was_changed(lay: Lay, allowed: dict[str, list[str]]) -> None:
    path = lay()
    path.write_bytes(replace(WHOLE, valid_to=END + timedelta(days=1)).document())
    with pytest.raises(ApprovalError, match=r"The signature by li_na does not fit approval\.json"):
        covers(path, allowed)


@pytest.mark.parametrize("missing", ["approval.json", "approval.json.sig"])
def test_a_missing_file_is_named_with_how_to_get_it(lay: Lay, allowed: dict[str, list[str]], missing: str) -> None:
    path = lay()
    path.with_name(missing).unlink()
    with pytest.raises(
        ApprovalError, match=rf"/{missing} cannot be read \(No such file.*traumalink\.ops\.approve; copy both"
    ):
        covers(path, allowed)


def test_the_signature_may_be_elsewhere(lay: Lay, allowed: dict[str, list[str]], tmp_path: Path) -> None:
    path = lay()
    elsewhere = path.with_name("approval.json.sig").rename(tmp_path / "kept")
    assert covers(path, allowed, signature=elsewhere) == WHOLE


def test_refuses_files_that_are_too_long(lay: Lay, allowed: dict[str, list[str]]) -> None:
    path = lay()
    path.with_name("approval.json.sig").write_bytes(b" " * 70000)
    with pytest.raises(ApprovalError, match="longer than 65536 bytes"):
        covers(path, allowed)
    path.write_bytes(b" " * 20000)
    with pytest.raises(ApprovalError, match=r"longer than 16384 bytes, so it is no approval\."):
        covers(path, allowed)


def test_nobody_can_approve_where_the_contract_names_nobody(lay: Lay) -> None:
    with pytest.raises(ApprovalError, match="The contract names nobody who may approve"):
        covers(lay(), {})


def changed(**changes: Any) -> bytes:
    texts = {**json.loads(WHOLE.document()), **changes}
    return json.dumps(texts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no JSON", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        (b"[" * 16000, "it is not JSON"),
        (b"[]", "is not in the format traumalink-approval-1"),
        (changed(format="traumalink-approval-2"), "is not in the format traumalink-approval-1"),
        (changed(surprise="x"), "its fields are not those of"),
        (changed(note=7), "its fields are not those of"),
        (changed(subject=RELEASE.upper()), "subject 'A1A1.* must be a SHA-256"),
        (changed(valid_from="2026-11-28T22:00:00+08:00"), "valid_from .* must be a time such as"),
        (changed(valid_to="9999-12-31T23:59:59Z"), "valid_to .* must be a time such as"),
        (changed(valid_from="2026-11-31T14:00:00Z"), "there is no such time"),
        (changed(valid_to="2026-11-28T14:00:00Z"), "must be after valid_from"),
        (changed(valid_to="2026-12-28T14:00:01Z"), "valid for 30.0 days; at most 30 are"),
        (changed(note="a\nb"), "note .* must be one line"),
        (json.dumps(json.loads(WHOLE.document())).encode(), "not written as traumalink.ops.approve writes it"),
        (WHOLE.document().replace(b'"verb"', b'"verb":"restore","verb"'), "not written as traumalink.ops.approve writes"),
    ],
)  # fmt: skip
def test_refuses_what_is_signed_and_damaged(lay: Lay, allowed: dict[str, list[str]], content: bytes, said: str) -> None:
    with pytest.raises(ApprovalError, match=said) as caught:
        verified(lay(content=content), None, allowed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("after", [b"", b"\nsent by mail\r\n"])
def test_a_record_keeps_the_document_with_its_signature_so_that_both_prove_themselves(
    lay: Lay, keys: Keys, allowed: dict[str, list[str]], tmp_path: Path, after: bytes
) -> None:
    path = lay()
    signature = path.with_name("approval.json.sig")
    signature.write_bytes(signature.read_bytes() + after)
    held = check(path, None, allowed, "example_hospital", "upgrade", RELEASE, BEGIN).as_record()
    assert held.items() >= WHOLE.summary().items()
    assert kept(held, allowed) == WHOLE
    # without this software, from the export alone
    (tmp_path / "from_the_export.sig").write_text(held["signature"])
    (tmp_path / "signers").write_text(f"li_na {public(keys('li'))}")
    argv = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "signers"), "-I", "li_na", "-n", NAMESPACE]
    argv += ["-s", str(tmp_path / "from_the_export.sig")]
    subprocess.run(argv, input=held["document"].encode(), check=True, capture_output=True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"document": ""}, "the record keeps no signed document"),
        ({"signature": None}, "the record keeps no signed document"),
        (
            {"document": WHOLE.document().decode().replace("upgrade", "restore")},
            "does not fit The approval in the record",
        ),
        ({"signature": "x"}, "The approval in the record is not signed by one of the hospital's approvers"),
    ],
)
def test_what_a_record_keeps_counts_by_its_signature_alone(
    lay: Lay, allowed: dict[str, list[str]], changes: dict[str, Any], said: str
) -> None:
    held = check(lay(), None, allowed, "example_hospital", "upgrade", RELEASE, BEGIN).as_record()
    with pytest.raises(ApprovalError, match=said):
        kept({**held, **changes}, allowed)
    with pytest.raises(ApprovalError, match="names nobody who may approve"):
        kept(held, {})


def test_an_id_in_chinese_serves(lay: Lay, keys: Keys) -> None:
    li_na = {"id": "李娜", "side": "hospital", "roles": ["approver"], "signing_keys": [public(keys("li"))]}
    allowed = approver_keys([li_na])
    assert covers(lay(replace(WHOLE, approver="李娜")), allowed).approver == "李娜"
