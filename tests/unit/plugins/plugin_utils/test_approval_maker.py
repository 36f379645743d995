"""Making an approval: what is meant is clear before it is signed, and what was written is what the gate will accept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.signature import SignatureError
from ansible_collections.traumalink.ops.plugins.plugin_utils import approval_maker as maker
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import Approval, ApprovalError
from ansible_collections.traumalink.ops.plugins.plugin_utils.signed_approval import check

Keys = Callable[[str], Path]
NOW = datetime(2026, 11, 25, 8, 30, 15, 123456, tzinfo=UTC)
BEGIN = datetime(2026, 11, 28, 14, tzinfo=UTC)
RELEASE = "a1" * 32


def made(**changes: Any) -> Approval:
    wanted = {
        "site": "example_hospital",
        "verb": "upgrade",
        "subject": RELEASE,
        "subject_name": "trauma-1.1.0.tar.gz",
        "valid": (BEGIN, BEGIN + timedelta(hours=7)),
        "approver": "li_na",
        "note": "",
        "now": NOW,
    }
    return maker.new_approval(**{**wanted, **changes})


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "hours", "expected"),
    [
        ("", "", 7, (NOW.replace(microsecond=0), NOW.replace(microsecond=0) + timedelta(hours=7))),
        ("2026-11-28T22:00:00+08:00", "", 7, (BEGIN, BEGIN + timedelta(hours=7))),
        ("2026-11-28 22:00+08:00", "2026-11-29T05:00:00+08:00", None, (BEGIN, BEGIN + timedelta(hours=7))),
        ("2026-11-28T14:00:00Z", "2026-11-28T21:00:00.9Z", None, (BEGIN, BEGIN + timedelta(hours=7))),
    ],
)
def test_validity_is_what_was_written(
    valid_from: str, valid_to: str, hours: int | None, expected: tuple[datetime, datetime]
) -> None:
    assert maker.period(valid_from, valid_to, hours, NOW) == expected


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "hours", "said"),
    [
        (
            "2026-11-28T22:00:00",
            "",
            7,
            "valid_from '2026-11-28T22:00:00' is no time with its offset; write for example",
        ),
        ("tonight", "", 7, "valid_from 'tonight' is no time"),
        ("", "2026-11-31T22:00:00+08:00", None, "valid_to .* is no time"),
        ("0001-01-01T00:00:00+14:00", "", 7, "valid_from .* is no time"),
        ("2026-11-25T08:00:00+08:00", "", 7, "over already, at 2026-11-25T07:00:00Z"),
        ("", "2026-11-25T08:30:15Z", None, "over already"),
        ("", "", 0, "approve_hours 0 must be from 1 to 720"),
        ("", "", 10**12, "must be from 1 to 720"),
    ],
)
def test_refuses_a_validity_that_is_unclear_or_over(
    valid_from: str, valid_to: str, hours: int | None, said: str
) -> None:
    with pytest.raises(ApprovalError, match=said):
        maker.period(valid_from, valid_to, hours, NOW)


def test_each_approval_has_an_id_of_its_own() -> None:
    assert made().id != made().id
    assert replace(made(), id="x") == replace(made(), id="x")
    assert made().made_at == NOW.replace(microsecond=0)


def test_refuses_everything_that_is_wrong_at_once() -> None:
    month = (BEGIN, BEGIN + timedelta(days=30, seconds=1))
    with pytest.raises(ApprovalError) as caught:
        made(site="Example", verb="upgrad", subject="12", note="a\x1bb", valid=month)
    lines = str(caught.value).splitlines()
    assert [line.split(" ")[0] for line in lines[1:]] == ["site", "subject", "note", "there"]
    assert lines[-1] == "there is no verb 'upgrad'; write upgrade"
    with pytest.raises(ApprovalError, match=r"there is no verb 'x'; write one of backup, backup_check, .*, upgrade$"):
        made(verb="x")
    with pytest.raises(ApprovalError, match=r"valid for 30\.0 days; at most 30 are"):
        made(valid=month)
    assert made(valid=(BEGIN, BEGIN + timedelta(days=30))).valid_to == BEGIN + timedelta(days=30)


@pytest.mark.parametrize("verb", ["upgrade", "patch", "deploy", "site"])
def test_what_uses_a_release_or_plan_is_approved_for_one_release_or_plan(verb: str) -> None:
    with pytest.raises(ApprovalError, match=rf"an approval of {verb} is for one release or plan; give its file"):
        made(verb=verb, subject="")
    assert made(verb="failover", subject="").subject == ""


def test_a_sum_in_capitals_is_the_same_sum() -> None:
    assert made(subject=RELEASE.upper()).subject == RELEASE


def test_the_subject_is_the_sum_of_the_file(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_bytes(b"plan" * 1000000)
    assert maker.subject_of(plan) == hashlib.sha256(b"plan" * 1000000).hexdigest()
    for wrong in (tmp_path, tmp_path / "none"):
        with pytest.raises(ApprovalError, match=r"cannot be read .* or its SHA-256 as approve_sha256"):
            maker.subject_of(wrong)


def test_the_person_reads_all_of_it_in_both_languages() -> None:
    lines = maker.statement(made(note="年度升级"), ZoneInfo("Asia/Shanghai"))
    text = "\n".join(lines)
    for expected in (
        "example_hospital",
        "升级应用 / upgrade of the application (upgrade)",
        "trauma-1.1.0.tar.gz",
        RELEASE,
        "2026-11-28 22:00:00+08:00 至 to 2026-11-29 05:00:00+08:00",
        "li_na",
        "年度升级",
        "仅限一次操作。 It is good for one operation.",
    ):
        assert expected in text
    assert "SHA-256" not in "\n".join(maker.statement(made(verb="failover", subject="")))


def test_what_was_written_is_what_the_gate_accepts(tmp_path: Path, keys: Keys) -> None:
    approval = made()
    document = maker.write(approval, tmp_path / "new" / "approvals", keys("li"))
    assert document.name == f"approval-example_hospital-upgrade-{approval.id}.json"
    assert sorted(path.name for path in document.parent.iterdir()) == [document.name, f"{document.name}.sig"]
    allowed = {"li_na": [" ".join(keys("li").with_suffix(".pub").read_text().split()[:2])]}
    assert check(document, None, allowed, "example_hospital", "upgrade", RELEASE, BEGIN).approval == approval


def test_nothing_is_written_when_the_key_does_not_sign(tmp_path: Path) -> None:
    broken = tmp_path / "key"
    broken.write_text("no key")
    with pytest.raises(SignatureError):
        maker.write(made(), tmp_path / "approvals", broken)
    assert not (tmp_path / "approvals").exists()


def test_a_destination_that_cannot_be_made_is_named(tmp_path: Path, keys: Keys) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ApprovalError, match=r"/file/approvals cannot be made .*another destination"):
        maker.write(made(), tmp_path / "file" / "approvals", keys("li"))


@pytest.mark.parametrize(
    ("changes", "key", "found"),
    [
        ({}, "li", True),
        ({"now": NOW + timedelta(hours=1)}, "li", True),
        ({"note": "another"}, "li", False),
        ({"subject": "b2" * 32}, "li", False),
        ({"valid": (BEGIN, BEGIN + timedelta(hours=8))}, "li", False),
        ({"approver": "wang_wei"}, "li", False),
        ({}, "wang", False),
    ],
)
def test_finds_the_one_that_says_the_same(
    tmp_path: Path, keys: Keys, changes: dict[str, Any], key: str, found: bool
) -> None:
    (tmp_path / "approval-example_hospital-upgrade-0.json").write_text("no approval")
    document = maker.write(made(), tmp_path, keys("li"))
    assert maker.made_before(made(**changes), tmp_path, keys(key)) == (document if found else None)


def test_a_damaged_one_is_not_taken_for_the_same(tmp_path: Path, keys: Keys) -> None:
    document = maker.write(made(), tmp_path, keys("li"))
    document.write_bytes(document.read_bytes() + b" ")
    assert maker.made_before(made(), tmp_path, keys("li")) is None


def test_refuses_who_or_whose_key_the_contract_does_not_name(keys: Keys) -> None:
    own = " ".join(keys("li").with_suffix(".pub").read_text().split()[:2])
    maker.refuse_other_signer("li_na", keys("li"), {"li_na": [own]})
    with pytest.raises(
        ApprovalError, match=r"zhang is no approver of the hospital in contract\.contacts \(.*: li_na\)"
    ):
        maker.refuse_other_signer("zhang", keys("li"), {"li_na": [own]})
    with pytest.raises(ApprovalError, match="it has none with a key"):
        maker.refuse_other_signer("li_na", keys("li"), {})
    with pytest.raises(ApprovalError, match=r"/wang is none of li_na's signing_keys in contract\.contacts"):
        maker.refuse_other_signer("li_na", keys("wang"), {"li_na": [own]})
