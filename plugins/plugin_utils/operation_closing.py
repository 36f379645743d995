# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operation at its end: its record with what the work left and why it failed, and the last words to whoever ran it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.ledger_chain import Head, sign_head
from ansible_collections.traumalink.ops.plugins.module_utils.record import one_line
from ansible_collections.traumalink.ops.plugins.plugin_utils.by_hand import ByHandError, entry
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_request import actor_of, opening_record
from ansible_collections.traumalink.ops.plugins.plugin_utils.receivers import UNDELIVERED, undelivered
from ansible_collections.traumalink.ops.plugins.plugin_utils.secrecy import blotted, without_secrets

__all__ = ["closed_record", "codes", "countersigned", "last_words", "told", "unreached"]

MAX_REASON = 1000
MAX_FIGURE = 500
# The gate speaks for the whole site; the host on which its task happened to fail says nothing.
REFUSAL = re.compile(r"[a-z_]+ of \S+ is refused: ")
NOTHING_CHANGED = "Nothing was changed"
RECOVERED = "Nothing was changed but what an operation that was cut off had left, which was brought to its end (its figures stand in this record)"


def closed_record(given: Mapping[str, Any], variables: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the whole record at the end, with what the work left in the facts `operation_*` of its hosts.

    Named facts only: figures (with those of a cut-off operation that was brought to its end, `operation_recovered`), versions, artefacts and what was entered by hand. Never a task's arguments.
    """
    record = dict(given["record"]) or opening_record(given, now, actor_of(variables), None, None)
    started = datetime.fromisoformat(record["started_at"])
    # In a rehearsal the clock was given; the record's length is the real one.
    ended = started + timedelta(seconds=elapsed_seconds(record, now)) if record["rehearsal"] else now
    names = ("figures", "versions_before", "versions_after")
    facts = {name: plain(merged(variables, given["hosts"], f"operation_{name}")) for name in names}
    untold = plain({UNDELIVERED: undelivered(record, given["undelivered"])})
    recovered = plain(merged(variables, given["hosts"], "operation_recovered"))
    facts["figures"] = {**(record.get("figures") or {}), **recovered, **facts["figures"], **untold}
    artefacts = [entry for host in given["hosts"] for entry in fact(variables, host, "operation_artefacts") or []]
    by_hand = next((found for host in given["hosts"] if (found := fact(variables, host, "operation_by_hand"))), None)
    outcome = given["outcome"]
    reason = "" if outcome == "success" else given["failure"] or told(variables, given["hosts"])
    if by_hand and outcome == "success":
        try:
            by_hand = entry(by_hand, now, record["approval"])
        except ByHandError as error:
            outcome, reason = "failed", str(error)
    if outcome == "refused" and recovered:
        reason = f"{reason.removesuffix('.').removesuffix(NOTHING_CHANGED).rstrip()} {RECOVERED}".lstrip()
    if given["undo_failure"]:
        reason = f"{reason[: MAX_REASON // 2]}; it could not be undone: {given['undo_failure']}"
    record.update(
        ended_at=ended.isoformat(timespec="seconds"),
        outcome=outcome,
        reason=without_secrets(reason, variables, given["hosts"])[:MAX_REASON],
        artefacts=artefacts,
        by_hand=by_hand if outcome == "success" else None,  # what was not accepted is no evidence
        **facts,
    )
    return record


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures or versions as a record takes them: numbers and lines of text; truth values become words, nothing is left out as nothing."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, bool):
            found[name] = str(value).lower()
        elif isinstance(value, int | float):
            found[name] = value
        elif value is not None and (line := one_line(blotted(str(value)), MAX_FIGURE)):
            found[name] = line
    return found


def elapsed_seconds(record: Mapping[str, Any], now: datetime) -> float:
    """Return how long the operation took; its run id holds the real start."""
    if not record["run_id"]:
        return 0.0
    begun = datetime.strptime(record["run_id"][:15] + "+0000", "%Y%m%d-%H%M%S%z")
    return max((now - begun).total_seconds(), 0.0)


def fact(variables: Mapping[str, Any], host: str, name: str) -> Any:
    """Return a host's variable as it stands, or None.

    Not as a template: what failed holds its task's arguments, whose variables may be gone by now, or secret.
    """
    hostvars = variables.get("hostvars") or {}
    if host not in hostvars:
        return None
    raw: Mapping[str, Any] = hostvars.raw_get(host) if hasattr(hostvars, "raw_get") else hostvars[host]
    return raw.get(name)


def merged(variables: Mapping[str, Any], hosts: Sequence[str], name: str) -> dict[str, Any]:
    """Return a fact of several hosts in one mapping."""
    together: dict[str, Any] = {}
    for host in hosts:
        together |= fact(variables, host, name) or {}
    return together


def told(variables: Mapping[str, Any], hosts: Sequence[str]) -> str:
    """Return the reasons as one line. Nothing in them may keep the record from being closed."""
    try:
        return "; ".join(reasons(variables, hosts)) or "no reason was given"
    except Exception as error:
        return f"the reason cannot be told ({type(error).__name__})"


def reasons(variables: Mapping[str, Any], hosts: Sequence[str]) -> Iterator[str]:
    """Yield what failed on which host, each message once, and hosts that could not be reached."""
    told: set[str] = set()
    for host in hosts:
        result = fact(variables, host, "ansible_failed_result") or {}
        task = fact(variables, host, "ansible_failed_task") or {}
        if not result:
            continue
        failed = failed_items(result)
        hidden = task.get("no_log") or any(each.get("_ansible_no_log") for each in (result, *failed))
        message = (
            f"the task '{task.get('name')}' failed (its output is not logged)"
            if hidden
            else "; ".join(dict.fromkeys(map(item_message, failed))) or one_message(result)
        )
        if message and message not in told:
            told.add(message)
            yield message if REFUSAL.match(message) else f"{host}: {message}"
    for host in unreached(variables, hosts):
        yield f"{host}: cannot be reached"


def codes(variables: Mapping[str, Any], hosts: Sequence[str]) -> list[str]:
    """Return what each failure said of its kind (`code` of the module's result), "" for one that said nothing of it."""
    results = [result for host in hosts if (result := fact(variables, host, "ansible_failed_result"))]
    return [str(each.get("code") or "") for result in results for each in failed_items(result) or [result]]


def failed_items(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the results of a loop's items that failed; of the loop itself Ansible only says that some did."""
    results = result.get("results")
    items = results if isinstance(results, list) else []
    return [each for each in items if isinstance(each, Mapping) and (each.get("failed") or each.get("unreachable"))]


def item_message(result: Mapping[str, Any]) -> str:
    """Return what one item of a loop said, with its label where that is a word."""
    label = result.get("_ansible_item_label")
    return f"{label}: {one_message(result)}" if isinstance(label, str | int) else one_message(result)


def one_message(result: Mapping[str, Any]) -> str:
    """Return a result's message as one line."""
    return " ".join(str(result.get("msg", "")).split())


def unreached(variables: Mapping[str, Any], hosts: Sequence[str]) -> list[str]:
    """Return the hosts that the rescue could not reach: it leaves a fact on all others.

    What Ansible itself counts as the play's hosts changes within a rescue.
    """
    answered = [host for host in hosts if fact(variables, host, "__operation_outcome")]
    return [host for host in hosts if answered and host not in answered]


def countersigned(key: str, head: Mapping[str, Any]) -> dict[str, Any]:
    """Return a head with its countersignature by the site's key, which stands in the vault and never on the ops host; without a key unsigned."""
    if not key:
        return {**head, "signature": ""}
    with tempfile.TemporaryDirectory(prefix="traumalink-key-") as folder:
        file = Path(folder, "key")
        file.touch(mode=0o600)
        file.write_text(key.strip() + "\n", encoding="ascii")
        return {**head, "signature": sign_head(Head(head["sequence"], head["hash"], head["at"]), file)}


def last_words(record: Mapping[str, Any], problem: str) -> str:
    """Return how an operation ended, for whoever ran it; `problem` is why its record is not in the ledger, or ""."""
    outcome, reason = record["outcome"], record["reason"]
    words = f"{record['verb']} of {record['site']} is refused: " if outcome == "refused" else ""
    if outcome != "refused":
        words = f"{record['verb']} of {record['site']} {record['run_id']} ended as {outcome}" + (": " if reason else "")
    said = reason if words and reason.startswith(words) else words + reason
    if outcome == "refused" and NOTHING_CHANGED not in reason:
        said = f"{said.rstrip('.')}. {NOTHING_CHANGED}"
    if untold := record.get("figures", {}).get(UNDELIVERED):
        said = f"{said.rstrip('.')}. The hospital may not know of this emergency, so call it: {untold}"
    return f"{said.rstrip('.')}. {problem}" if problem else said
