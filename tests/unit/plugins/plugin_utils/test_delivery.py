"""A message counts as delivered when the other side said so: its own words, not the absence of an error."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.delivery import undelivered

SKIPPED = {"skipped": True}
SENT = {"msg": "Mail sent successfully", "result": {}}


@pytest.mark.parametrize(
    ("mailed", "said"),
    [
        (SENT, ""),
        (SKIPPED, ""),
        ({"msg": "Unable to Connect mail:25", "rc": 1}, "The mail was not sent: Unable to Connect mail:25."),
        ({"msg": "[Errno 111] Connection refused"}, "The mail was not sent: [Errno 111] Connection refused."),
        (
            {"msg": "Failed to send mail to at least one recipient", "result": {"a@b.example": [550, "no such user"]}},
            "The mail was not sent to a@b.example: Failed to send mail to at least one recipient.",
        ),
        ({}, "The mail was not sent: the mail server cannot be reached, or the module broke off."),
    ],
)
def test_a_mail_is_sent_when_the_module_says_so(mailed: dict[str, Any], said: str) -> None:
    assert undelivered(mailed, SKIPPED, "plain") == said


@pytest.mark.parametrize(
    ("kind", "called", "said"),
    [
        ("plain", {"status": 200}, ""),
        ("plain", {"status": 204}, ""),
        ("plain", {"status": 500}, "The webhook answered 500."),
        ("plain", {"status": -1, "msg": "refused https://hook/key"}, "The webhook did not answer."),
        ("plain", {"msg": "crashed"}, "The webhook did not answer."),
        ("wecom", {"status": 200, "json": {"errcode": 0, "errmsg": "ok"}}, ""),
        ("dingtalk", {"status": 200, "content": '{"errcode": 0, "errmsg": "ok"}'}, ""),
        ("dingtalk", {"status": 200, "json": {"errcode": "0"}}, ""),
        (
            "wecom",
            {"status": 200, "json": {"errcode": 93000, "errmsg": "invalid webhook url, more at https://open.example/e?key=K"}},
            "The webhook refused the message: errcode 93000, invalid webhook url, more at ….",
        ),
        (
            "dingtalk",
            {"status": 200, "content": '{"errcode": 310000, "errmsg": "keywords\\nnot in content"}'},
            "The webhook refused the message: errcode 310000, keywords not in content.",
        ),
        ("wecom", {"status": 200, "content": "<html>"}, "The webhook answered 200 and not as a robot of wecom does."),
        ("wecom", {"status": 200, "content": "[]"}, "The webhook answered 200 and not as a robot of wecom does."),
        ("wecom", {"status": 404, "json": {"errcode": 0}}, "The webhook answered 404."),
        ("wecom", SKIPPED, ""),
    ],
)  # fmt: skip
def test_a_webhook_has_taken_a_message_when_its_answer_says_so(kind: str, called: dict[str, Any], said: str) -> None:
    assert undelivered(SKIPPED, called, kind) == said


def test_both_ways_are_named() -> None:
    told = undelivered({"msg": "no route"}, {"status": 500}, "plain")
    assert told == "The mail was not sent: no route. The webhook answered 500."
