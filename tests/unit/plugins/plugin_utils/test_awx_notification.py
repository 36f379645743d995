"""What AWX tells people: a body that its sandbox renders to JSON whatever stands in a job's name, and the form that robots take."""

from __future__ import annotations

import json
from typing import Any

import awx_rules
import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_notification import MailSettings, mail, webhook

JOB = {**awx_rules.STUB, "job": {"id": 1, "name": '夜间 "备份"\n\\ {{ 7 * 7 }}', "status": "failed"}}


def body(form: str, event: str, approval: str = "") -> Any:
    """Return what a webhook gets, as AWX renders and reads it (webhook_backend.py, format_body)."""
    messages = webhook("lab", "https://robot.example.org", form)["messages"]
    text = messages["workflow_approval"][approval]["body"] if approval else messages[event]["body"]
    return json.loads(awx_rules.rendered(text, JOB, lambda error: {"error": error}))


@pytest.mark.parametrize("form", ["wecom", "dingtalk"])
def test_a_robot_gets_a_text_of_its_form(form: str) -> None:
    line = '[lab] 夜间 "备份"\n\\ {{ 7 * 7 }} failed https://platformhost/#/jobs/playbook/1010'
    assert body(form, "error") == {"msgtype": "text", "text": {"content": line}}


def test_another_webhook_gets_fields_of_its_own() -> None:
    assert {name: body("plain", "success")[name] for name in ("site", "event")} == {
        "site": "lab",
        "event": "job_success",
    }


@pytest.mark.parametrize("approval", ["running", "approved", "timed_out", "denied"])
def test_the_hospital_reads_which_upgrade_waits(approval: str) -> None:
    said = body("wecom", "", approval)["text"]["content"]
    assert said.startswith("[lab] Approve Me ")
    assert said.endswith(JOB["workflow_url"])


@pytest.mark.parametrize(
    "template",
    [
        webhook("lab", "https://hook.example.org", "plain"),
        webhook("lab", "https://hook.example.org", "wecom"),
        mail("lab", MailSettings("mail", 25, "a@b", ["c@d"])),
    ],
    ids=["plain", "wecom", "mail"],
)
def test_awx_takes_it_and_adds_nothing(template: dict[str, Any]) -> None:
    """What AWX adds would differ at the next run."""
    before = json.dumps(template)
    awx_rules.notification_template(template, None)
    assert json.dumps(template) == before


@pytest.mark.parametrize(
    ("secure", "tls", "ssl"), [("no", False, False), ("starttls", True, False), ("ssl", False, True)]
)
def test_a_mail_leaves_as_protected_as_is_asked(secure: str, tls: bool, ssl: bool) -> None:
    found = mail("lab", MailSettings("mail", 465, "a@b", ["c@d"], "user", secure))["notification_configuration"]
    assert (found["use_tls"], found["use_ssl"], found["username"]) == (tls, ssl, "user")
