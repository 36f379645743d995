"""Notices: who reads one knows what happened, in both languages; it holds no secret and fits every way of sending."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.notice import (
    EVENTS,
    WEBHOOKS,
    NoticeError,
    notice,
    webhook_body,
)
from hypothesis import given
from hypothesis import strategies as st

RECORD: dict[str, Any] = {
    "run_id": "20261125-033000-3f9a2c",
    "site": "example_hospital",
    "verb": "upgrade",
    "actor": "zhang.min@controller1",
    "started_at": "2026-11-25T03:30:00Z",
    "ended_at": "2026-11-25T03:41:07Z",
    "outcome": "failed",
    "reason": "app2: health check of triage answered 503; see the journal of trauma-web@green",
    "window": {"state": "open", "reason": "", "next_open": "2026-11-25T14:00:00Z", "next_close": None},
    "approval": {"id": "0123456789abcdef", "approver": "li_na", "subject": "a1" * 32},
    "emergency": None,
    "rehearsal": False,
    "hosts": ["app1", "app2"],
    "versions_before": {"trauma": "1.0.0", "postgresql": "15.9"},
    "versions_after": {"trauma": "1.1.0", "postgresql": "15.9"},
    "figures": {"failed_requests": 0},
}


def lines(event: str, **changes: Any) -> list[str]:
    return notice(event, {**RECORD, **changes}, ZoneInfo("Asia/Shanghai")).text.splitlines()


def test_a_failure_says_all_that_is_known() -> None:
    assert lines("failed") == [
        "操作失败，系统可能与操作前不同，请立即查看。",
        "The operation failed, and the system may not be as it was before. Please look at it now.",
        "",
        "站点 site: example_hospital",
        "操作 operation: 升级应用 / upgrade of the application",
        "编号 run id: 20261125-033000-3f9a2c",
        "原因 reason: app2: health check of triage answered 503; see the journal of trauma-web@green",
        "时间 time: 2026-11-25 11:30:00+08:00 – 2026-11-25 11:41:07+08:00",
        "发起人 started by: zhang.min@controller1",
        "批准 approval: 0123456789abcdef (li_na)",
        "版本 versions: trauma 1.0.0 → 1.1.0",
        "主机 hosts: app1, app2",
    ]


def test_a_refusal_says_when_it_may_run() -> None:
    refused = lines("refused", ended_at=None, approval=None, versions_after={}, versions_before={}, hosts=[])
    assert "下次可执行 next opening: 2026-11-25 22:00:00+08:00" in refused
    assert "时间 time: 2026-11-25 11:30:00+08:00" in refused
    assert not [line for line in refused if line.startswith(("批准", "版本", "主机", "紧急"))]
    assert not [line for line in lines("refused", window=None) if "next opening" in line]


def test_an_emergency_says_who_let_it_through_and_why() -> None:
    told = lines("emergency", emergency={"reason": "抢救系统无法登录", "by": "wang_wei"}, outcome=None, reason="")
    assert "紧急理由 emergency: 抢救系统无法登录 (wang_wei)" in told
    assert "医院须事后补办批准" in told[0]


def test_the_end_of_an_emergency_says_how_it_is_approved() -> None:
    told = lines("emergency_ended", emergency={"reason": "抢救系统无法登录", "by": "wang_wei"})
    assert f"批准命令 approve with: approve_verb=upgrade approve_run_id={RECORD['run_id']}" in told
    assert not [line for line in lines("failed") if "approve with" in line]


@pytest.mark.parametrize("event", EVENTS)
def test_subject_and_text_speak_both_languages(event: str) -> None:
    message = notice(event, RECORD)
    words = EVENTS[event]
    assert message.subject == f"[example_hospital] 升级应用：{words.zh} / upgrade of the application: {words.en}"
    assert message.text.splitlines()[:2] == [words.meaning_zh, words.meaning_en]
    assert notice(event, {**RECORD, "rehearsal": True}).subject.startswith("[演练 rehearsal] [example_hospital]")


def test_refuses_an_event_or_webhook_that_does_not_exist() -> None:
    with pytest.raises(NoticeError, match="no event 'success' to tell; it is one of refused, failed"):
        notice("success", RECORD)
    with pytest.raises(NoticeError, match="no webhook of the kind 'fax'; it is one of plain, wecom, dingtalk"):
        webhook_body(notice("failed", RECORD), "fax")


@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
def test_a_robot_of_a_group_gets_one_text(kind: str) -> None:
    message = notice("failed", RECORD)
    assert webhook_body(message, kind) == {
        "msgtype": "text",
        "text": {"content": f"{message.subject}\n{message.text}"},
    }


def test_a_plain_webhook_gets_fields_for_programs() -> None:
    message = notice("failed", RECORD)
    assert webhook_body(message, "plain") == {
        "event": "failed",
        "subject": message.subject,
        "text": message.text,
        **{name: RECORD[name] for name in ("site", "verb", "run_id", "outcome", "actor", "reason")},
    }


@pytest.mark.parametrize(
    "reason",
    [
        "cannot connect to postgresql://owner:S3cret@db1:5432/trauma",
        "cannot connect to https://S3cret@db1/",
        "FATAL: password=S3cret was refused",
        "backup_cipher_passphrase: 'S3cret with spaces' is too short",
        '{"api_token": "S3cret"}',
        "口令：S3cret",
        "access-key = S3cret",
        "sent Authorization: Basic S3cret S3cret",
        "header bearer S3cret",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nS3cret\n-----END OPENSSH PRIVATE KEY-----",
        "$ANSIBLE_VAULT;1.1;AES256\nS3cret",
    ],
)
def test_a_secret_in_an_error_stops_here(reason: str) -> None:
    message = notice("failed", {**RECORD, "reason": f"it ended: {reason}", "emergency": {"reason": reason, "by": "x"}})
    told = json.dumps([webhook_body(message, kind) for kind in WEBHOOKS], ensure_ascii=False)
    assert "S3cret" not in told
    assert "it ended: " in message.text
    assert "…" in message.text


def test_what_is_no_secret_is_left_as_it_is() -> None:
    reason = "duplicate key value violates unique constraint; the token bucket is full; see https://docs.example/a@b"
    assert notice("failed", {**RECORD, "reason": reason}).facts["reason"] == reason


def test_a_name_cannot_add_a_header_or_a_line() -> None:
    message = notice("failed", {**RECORD, "site": "lab\r\nBcc: all@example.org", "actor": "a\u202eb\x1b[31m"})
    assert len(message.subject.splitlines()) == 1
    assert "\u202e" not in message.text
    assert "\x1b" not in message.text
    assert [line for line in message.text.splitlines() if line.startswith("Bcc")] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=3000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(record=st.fixed_dictionaries({}, optional=dict.fromkeys(RECORD, JSON)), event=st.sampled_from(sorted(EVENTS)))
def test_any_record_gives_a_message_that_fits_everywhere(record: dict[str, Any], event: str) -> None:
    message = notice(event, record)
    assert len(message.subject.encode()) <= 200
    assert all(line.isprintable() for line in [message.subject, *message.text.split("\n")])
    for kind in ("wecom", "dingtalk"):
        assert len(webhook_body(message, kind)["text"]["content"].encode()) <= 2048
    assert len(json.dumps(webhook_body(message, "plain"), ensure_ascii=False).encode()) <= 8192


def test_what_is_too_long_loses_its_end_and_says_so() -> None:
    message = notice("failed", {**RECORD, "reason": "长" * 5000, "hosts": [f"host{n}" for n in range(500)]})
    (reason,) = [line for line in message.text.splitlines() if line.startswith("原因")]
    assert reason.endswith("长…")
    assert message.text.endswith("…")
    assert message.facts["run_id"] in message.text
