"""Every finding has its words in both languages, with the same values in them."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import backup_month, backup_status
from ansible_collections.traumalink.ops.plugins.module_utils.finding import CRITICAL, Finding
from ansible_collections.traumalink.ops.plugins.module_utils.finding_texts import FINDING_TEXTS, sentence, words
from backup_samples import NOW


def codes() -> set[str]:
    """Return the codes of all findings that the code makes."""
    made = set()
    for module in (backup_status, backup_month):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                made.add(str(ast.literal_eval(node.args[1])))
    return made


def test_every_finding_that_there_can_be_has_words_and_no_other_has() -> None:
    assert len(codes()) > 15
    assert set(FINDING_TEXTS) == codes()


@pytest.mark.parametrize("code", sorted(FINDING_TEXTS))
def test_both_languages_name_the_same_values(code: str) -> None:
    chinese, english = FINDING_TEXTS[code]["zh"], FINDING_TEXTS[code]["en"]
    assert set(re.findall(r"\{(\w+)\}", chinese.what)) == set(re.findall(r"\{(\w+)\}", english.what))
    assert re.search(r"[\u4e00-\u9fff]", chinese.what)
    assert re.search(r"[\u4e00-\u9fff]", chinese.why)
    assert re.search(r"[\u4e00-\u9fff]", chinese.todo)
    assert all(text.isascii() for text in (english.what, english.why, english.todo))
    assert "{" not in english.why + english.todo + chinese.why + chinese.todo


def test_times_are_shown_in_the_sites_zone_with_their_offset() -> None:
    finding = Finding(
        CRITICAL, "backup_late", {"label": "20261123-013700F", "at": NOW - timedelta(days=2), "hours": 48, "limit": 30}
    )
    told = words(finding, "zh", ZoneInfo("Asia/Shanghai"))
    assert (
        told.what
        == "最近一次成功备份 20261123-013700F 完成于 2026-11-24 06:10 +0800，已过去 48 小时，约定不超过 30 小时"
    )
    assert sentence(finding, "en") == (
        "the last backup that counts, 20261123-013700F, was proven at 2026-11-23 22:10 +0000, 48 hours ago; 30 at most are agreed. "
        "Look in the ledger why backups failed or did not run, and run traumalink.ops.backup"
    )


def test_large_numbers_are_grouped() -> None:
    finding = Finding(CRITICAL, "room", {"bytes": 1234567, "percent": 2, "days": 1.5})
    assert words(finding, "en").what == "1,234,567 bytes of the repository are free (2 %), it is full in 1.5 days"
