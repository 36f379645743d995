"""The guides' table of what each verb needs says what the code does, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import NO_OPERATION, POLICIES, Policy

DOCS = Path(__file__).resolve().parents[3] / "docs"
CELLS = {
    "contract.md": {
        "restarts": "`required` for what restarts a serving process",
        "serving": "`required` over what is still in use",
        "refused": "refused",
        "waits": "waits",
        "ends": "ends {}",
        "and": ", else ",
    },
    "contract.zh.md": {
        "restarts": "重启正在服务的进程时 `required`",
        "serving": "所取代的仍在使用时 `required`",
        "refused": "拒绝",
        "waits": "等待",
        "ends": "结束 {}",
        "and": "，否则",
    },
}


def listed(verbs: list[str] | tuple[str, ...]) -> str:
    """Return verbs as a table has them."""
    return " ".join(f"`{verb}`" for verb in verbs)


def row(verbs: list[str], policy: Policy, words: dict[str, str]) -> str:
    """Return the line of a table for verbs that need the same."""
    ends = [words["ends"].format(listed(policy.ends))] if policy.ends else []
    otherwise = words["and"].join([*ends, words["waits" if policy.waits else "refused"]])
    held = "–" if policy.lock == "none" else otherwise
    window = words.get(policy.window, f"`{policy.window}`")
    return f"| {listed(verbs)} | {window} | `{policy.approval}` | `{policy.lock}` | {held} |"


@pytest.mark.parametrize("guide", CELLS)
def test_every_verb_stands_in_the_table_with_what_it_needs(guide: str) -> None:
    alike: dict[Policy, list[str]] = {}
    for verb, policy in POLICIES.items():
        alike.setdefault(policy, []).append(verb)
    text = (DOCS / guide).read_text(encoding="utf-8")
    table = "\n".join(row(verbs, policy, CELLS[guide]) for policy, verbs in alike.items())
    assert f"|---|---|---|---|---|\n{table}\n\n" in text, table
    others = listed(list(NO_OPERATION))
    assert f"\n{others} " in text, others
