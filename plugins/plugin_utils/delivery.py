# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a message has really reached anybody: a mail server or a group robot may refuse it and call that a success."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.secrecy import blotted

__all__ = ["undelivered"]

MAILED = "Mail sent successfully"  # what community.general.mail says then; nothing else is one, whatever its rc
LONGEST = 200
ROBOTS = ("wecom", "dingtalk")


def undelivered(mailed: Mapping[str, Any], called: Mapping[str, Any], webhook_format: str) -> str:
    """Return what was not delivered and why, without the webhook's address, which is its key; "" where all was.

    Args:
        mailed: what community.general.mail answered; called: what ansible.builtin.uri answered. One that was skipped had nothing to deliver.
        webhook_format: plain, or the robot of wecom or dingtalk, which answer 200 to a message that they refuse, with an errcode.

    Sources: developer.work.weixin.qq.com/document/path/90313, open.dingtalk.com/document/orgapp/custom-robot-access.
    """
    return " ".join(filter(None, (_mail(mailed), _webhook(called, webhook_format))))


def _mail(mailed: Mapping[str, Any]) -> str:
    if mailed.get("skipped") or str(mailed.get("msg")) == MAILED:
        return ""
    # ansible-core keeps nothing of a module that broke off where its failure is none, which the operation needs.
    refused = mailed.get("result")
    to = f" to {', '.join(map(str, refused))}" if isinstance(refused, Mapping) and refused else ""
    return f"The mail was not sent{to}: {_shown(mailed.get('msg') or 'the mail server cannot be reached, or the module broke off')}."


def _webhook(called: Mapping[str, Any], webhook_format: str) -> str:
    if called.get("skipped"):
        return ""
    status = called.get("status")
    if not isinstance(status, int) or status < 0:
        return "The webhook did not answer."
    if not 200 <= status < 300:
        return f"The webhook answered {status}."
    if webhook_format not in ROBOTS:
        return ""
    answer = _json(called)
    if "errcode" not in answer:
        return f"The webhook answered {status} and not as a robot of {webhook_format} does."
    if str(answer["errcode"]) != "0":
        return f"The webhook refused the message: errcode {_shown(answer['errcode'])}, {_shown(answer.get('errmsg'))}."
    return ""


def _json(called: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer as a mapping, whatever content type it came with; empty where it is none."""
    answer = called.get("json")
    if answer is None:
        try:
            answer = json.loads(str(called.get("content")))
        except ValueError:
            return {}
    return answer if isinstance(answer, Mapping) else {}


def _shown(value: object) -> str:
    """Return what another system said, in one line and without secrets or addresses."""
    text = re.sub(r"https?://\S+", "…", blotted(str(value)))
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[:LONGEST]
