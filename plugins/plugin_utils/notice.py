# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hospital and the vendor are told when an operation did not simply succeed: a mail's subject and text, a webhook's body.

Pure functions over a record's plain data. They never fail on an odd record, since they speak when something has gone wrong already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.secrecy import blotted
from ansible_collections.traumalink.ops.plugins.plugin_utils.verb_titles import title_of

__all__ = ["EVENTS", "WEBHOOKS", "Notice", "NoticeError", "notice", "webhook_body"]

# A WeCom robot takes a text of at most 2048 bytes of UTF-8, the least of all ways: developer.work.weixin.qq.com/document/path/91770.
MAX_CONTENT_BYTES = 2048
MAX_SUBJECT_BYTES = 200
MAX_TEXT_BYTES = MAX_CONTENT_BYTES - MAX_SUBJECT_BYTES - 1
MAX_REASON_BYTES = 600
MAX_FACT_BYTES = 120
MOST_CHARACTERS = 4000  # that are looked at: far more than are shown

WEBHOOKS = ("plain", "wecom", "dingtalk")


class NoticeError(OpsError):
    """There is no such event or kind of webhook."""


@dataclass(frozen=True)
class Event:
    """What happened, as a word for the subject and a sentence for the text, in both languages."""

    zh: str
    en: str
    meaning_zh: str
    meaning_en: str


# DESIGN, "The operation", second table.
EVENTS = {
    "refused": Event(
        "被拒绝",
        "refused",
        "操作未获准执行，系统未做任何改动。",
        "The operation was refused before anything was changed.",
    ),
    "failed": Event(
        "失败",
        "failed",
        "操作失败，系统可能与操作前不同，请立即查看。",
        "The operation failed, and the system may not be as it was before. Please look at it now.",
    ),
    "rolled_back": Event(
        "已回退",
        "rolled back",
        "操作未成功，系统已回到操作前的状态。",
        "The operation did not succeed, and the system was brought back to where it began.",
    ),
    "interrupted": Event(
        "中断",
        "interrupted",
        "操作中途中断，遗留的工作已经结束，请核对结果。",
        "The operation was cut off. What it had left running has ended; please check the result.",
    ),
    "emergency": Event(
        "紧急放行",
        "let through as an emergency",
        "操作以紧急情况为由、未经时间窗口或批准即开始，医院须事后补办批准。",
        "The operation was started as an emergency, without a window or an approval. The hospital's approval is due afterwards.",
    ),
    "emergency_ended": Event(
        "紧急操作已结束",
        "emergency is over",
        "以紧急情况为由执行的操作已结束，医院须补办批准。",
        "The operation that was started as an emergency has ended. The hospital's approval is due now.",
    ),
}


@dataclass(frozen=True)
class Notice:
    """A message: `subject` is one line of at most 200 bytes of UTF-8, `text` has lines of Chinese and English, at most 1847 bytes."""

    event: str
    subject: str
    text: str
    facts: Mapping[str, str]


def notice(event: str, record: Mapping[str, Any], zone: tzinfo = UTC) -> Notice:
    """Return what to tell about `event` of a record; times are shown in `zone`.

    Raises:
        NoticeError: there is no such event.
    """
    if event not in EVENTS:
        raise NoticeError(f"there is no event {event!r} to tell; it is one of {', '.join(EVENTS)}")
    words, title = EVENTS[event], title_of(_line(record.get("verb")))
    site = _line(record.get("site"), 40)
    rehearsal = "[演练 rehearsal] " if record.get("rehearsal") else ""
    facts = _facts(event, record, zone)
    lines = [words.meaning_zh, words.meaning_en, "", f"站点 site: {site}"]
    lines.append(f"操作 operation: {title.zh} / {title.en}")
    lines += [f"{label}: {value}" for label, value in facts.items()]
    return Notice(
        event,
        _cut(f"{rehearsal}[{site}] {title.zh}：{words.zh} / {title.en}: {words.en}", MAX_SUBJECT_BYTES),
        _cut("\n".join(lines), MAX_TEXT_BYTES),
        {
            "site": site,
            **{name: _line(record.get(name)) for name in ("verb", "run_id", "outcome", "actor")},
            "reason": _line(record.get("reason"), MAX_REASON_BYTES),
        },
    )


def _facts(event: str, record: Mapping[str, Any], zone: tzinfo) -> dict[str, str]:
    """Return what is known, label to value, the most important first: a text that is too long loses its end."""
    emergency, window, approval = (_mapping(record.get(name)) for name in ("emergency", "window", "approval"))
    hosts = record.get("hosts")
    found = {
        "编号 run id": _line(record.get("run_id")),
        "原因 reason": _line(record.get("reason"), MAX_REASON_BYTES),
        "紧急理由 emergency": _joined(_line(emergency.get("reason"), 300), _line(emergency.get("by"))),
        "批准命令 approve with": _approving(record) if event == "emergency_ended" else "",
        "下次可执行 next opening": _time(window.get("next_open"), zone) if event == "refused" else "",
        "时间 time": " – ".join(filter(None, (_time(record.get(name), zone) for name in ("started_at", "ended_at")))),
        "发起人 started by": _line(record.get("actor")),
        "批准 approval": _joined(_line(approval.get("id")), _line(approval.get("approver"))),
        "版本 versions": _line(_versions(record)),
        "主机 hosts": _line(", ".join(map(str, hosts)) if isinstance(hosts, list | tuple) else ""),
    }
    return {label: value for label, value in found.items() if value}


def _approving(record: Mapping[str, Any]) -> str:
    """Return what an approver gives to traumalink.ops.approve after an emergency."""
    return f"approve_verb={_line(record.get('verb'), 40)} approve_run_id={_line(record.get('run_id'), 40)}"


def _versions(record: Mapping[str, Any]) -> str:
    before, after = (_mapping(record.get(name)) for name in ("versions_before", "versions_after"))
    things = [*before, *(thing for thing in after if thing not in before)]
    return ", ".join(
        f"{thing} {before.get(thing, '-')} → {after.get(thing, '-')}"
        for thing in things
        if before.get(thing) != after.get(thing)
    )


def webhook_body(message: Notice, kind: str) -> dict[str, Any]:
    """Return the JSON body that a webhook of `kind` takes: a WeCom or DingTalk group robot's text, or plain fields.

    Sources: developer.work.weixin.qq.com/document/path/91770, open.dingtalk.com/document/orgapp/custom-robot-access.

    Raises:
        NoticeError: there is no such kind.
    """
    if kind not in WEBHOOKS:
        raise NoticeError(f"there is no webhook of the kind {kind!r}; it is one of {', '.join(WEBHOOKS)}")
    if kind == "plain":
        return {"event": message.event, "subject": message.subject, "text": message.text, **message.facts}
    return {"msgtype": "text", "text": {"content": f"{message.subject}\n{message.text}"}}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _joined(what: str, who: str) -> str:
    return f"{what} ({who})" if what and who else what or who


def _time(value: object, zone: tzinfo) -> str:
    try:
        return datetime.fromisoformat(str(value)).astimezone(zone).isoformat(" ", "seconds")
    except (ValueError, OverflowError):
        return "" if value is None else _line(value)


def _line(value: object, most_bytes: int = MAX_FACT_BYTES) -> str:
    """Return a value as one line without secrets and without characters that deceive; "" for None."""
    # A record holds no secret. Should an error's text have carried one into its reason, it stops here.
    text = "" if value is None else blotted(str(value)[:MOST_CHARACTERS])
    text = "".join(character if character.isprintable() else " " for character in text)
    return _cut(" ".join(text.split()), most_bytes)


def _cut(text: str, most_bytes: int) -> str:
    """Return a text of at most so many bytes of UTF-8, its last character being … where something was left out."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most_bytes:
        return encoded.decode()
    return encoded[: most_bytes - len("…".encode())].decode("utf-8", "ignore") + "…"
