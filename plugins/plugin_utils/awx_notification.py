# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX tells people about its jobs: mails and webhooks, the robots of WeCom and DingTalk among them.

The gate's own messages (role operation) are others: of refusals and emergencies, whoever started them. These tell of jobs, also of one that AWX could not start.

Sources: AWX, awx/main/notifications/email_backend.py and webhook_backend.py for the fields; awx/main/models/notifications.py, NotificationTemplate.save,
for why every event stands in `messages`: it fills in those that are missing, which then differ.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["MailSettings", "mail", "webhook"]

SUBJECT = "[{site}] {{{{ job.name }}}}: {{{{ job.status }}}}"
LINE = "[{site}] {{{{ job.name }}}} {{{{ job.status }}}} {{{{ url }}}}"
APPROVALS = {
    "running": "needs the hospital's approval / 等待医院批准",
    "approved": "was approved / 已批准",
    "timed_out": "was not approved in time / 批准超时",
    "denied": "was denied / 已拒绝",
}


@dataclass(frozen=True)
class MailSettings:
    """How mails leave: AWX's own way, since its jobs end where no controller of ours runs.

    Attributes:
        secure: `starttls`, `ssl` or `no`.
    """

    host: str
    port: int
    sender: str
    to: Sequence[str]
    username: str = ""
    secure: str = "no"


def mail(site: str, settings: MailSettings) -> dict[str, Any]:
    """Return how and what is mailed. The password is filled in at AWX, and stays there."""
    messages: dict[str, Any] = {
        event: {"message": SUBJECT.format(site=site), "body": f"{LINE.format(site=site)}\n\n{{{{ job_metadata }}}}"}
        for event in ("started", "success", "error")
    }
    messages["workflow_approval"] = {
        event: {"message": f"[{site}] {{{{ approval_node_name }}}} {words}", "body": "{{ workflow_url }}\n\n{{ job_metadata }}"}
        for event, words in APPROVALS.items()
    }  # fmt: skip
    configuration = {
        "host": settings.host,
        "port": settings.port,
        "username": settings.username,
        "password": "",
        "use_tls": settings.secure == "starttls",
        "use_ssl": settings.secure == "ssl",
        "sender": settings.sender,
        "recipients": list(settings.to),
        "timeout": 30,
    }
    return {"notification_type": "email", "notification_configuration": configuration, "messages": messages}


def webhook(site: str, url: str, form: str) -> dict[str, Any]:
    """Return how a webhook is called, and its body.

    Args:
        form: `plain`, or `wecom` or `dingtalk`, whose robots both take a text so; their address is their key.
    """
    line = LINE.format(site=site)
    messages: dict[str, Any] = {
        event: {"message": "", "body": _body(site, form, line, f"job_{event}")}
        for event in ("started", "success", "error")
    }
    messages["workflow_approval"] = {
        event: {
            "message": "",
            "body": _body(site, form, f"[{site}] {{{{ approval_node_name }}}} {words} {{{{ workflow_url }}}}", f"approval_{event}"),
        }
        for event, words in APPROVALS.items()
    }  # fmt: skip
    configuration: Mapping[str, Any] = {
        "url": url,
        "http_method": "POST",
        "headers": {"Content-Type": "application/json"},
        "username": "",
        "password": "",
        "disable_ssl_verification": False,
    }
    return {"notification_type": "webhook", "notification_configuration": dict(configuration), "messages": messages}


def _body(site: str, form: str, line: str, event: str) -> str:
    """Return a template that renders to JSON, whatever stands in a job's name: AWX sends an empty body where it does not."""
    expression = _as_expression(line)
    if form == "plain":
        return f'{{"site": "{site}", "event": "{event}", "text": {{{{ ({expression}) | tojson }}}}}}'
    return f'{{"msgtype": "text", "text": {{"content": {{{{ ({expression}) | tojson }}}}}}}}'


def _as_expression(line: str) -> str:
    """Return a line with fields in it as one expression of Jinja, so that the whole can be quoted for JSON at once."""
    parts = [part for pieces in (piece.split("}}") for piece in line.split("{{")) for part in pieces]
    # Outside and inside of the braces alternate.
    return " ~ ".join(
        part.strip() if number % 2 else json.dumps(part, ensure_ascii=False)
        for number, part in enumerate(parts)
        if part
    )
