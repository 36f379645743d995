"""The monthly report: both languages say the same of the same facts, and nothing of it is left out."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_month import History, month_of_backups
from ansible_collections.traumalink.ops.plugins.module_utils.backup_report_page import (
    TEMPLATE,
    TEXTS,
    Heading,
    backup_page,
)
from ansible_collections.traumalink.ops.plugins.module_utils.backup_status import Limits, findings
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import FileDrill, FileProof
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_continuity import continuity
from backup_samples import archive, full, stanza
from month_samples import FACTS, PROOFS, SETS, ZONE, drill_record, record

HEADING = Heading(
    {"zh": "创伤救治信息系统维护服务", "en": "Trauma system maintenance"}, "lab", "20261125-221000-abcdef"
)
RECORDS = (record(9, outcome="failed", reason="<WAL> is missing"), drill_record(7), record(1))


class Cells(HTMLParser):
    """Collects the texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))


def report(language: str, limits: Limits | None = None, **changes: Any) -> str:
    """Return the report of November."""
    facts = replace(FACTS, **changes)
    month = month_of_backups("2026-11", ZONE, facts, History(RECORDS, True, True), 7)
    found = [*findings(facts, limits or Limits(vault=True)), *month.findings]
    return backup_page(HEADING, facts, month, found, language, ZONE)


def texts(page: str) -> str:
    """Return what a reader sees."""
    reader = Cells()
    reader.feed(page)
    return "\n".join(reader.texts)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_tells_of_every_day_set_drill_and_finding(language: str) -> None:
    seen = texts(report(language))
    assert all(f"2026-11-{day:02}" in seen for day in range(1, 31))
    assert all(backup.label in seen for backup in SETS)
    assert "failed: <WAL> is missing" in seen
    assert getattr(TEXTS["wal_whole"], language) in seen
    assert {"zh": "5 GiB", "en": "5 GiB"}[language] in seen
    assert {"zh": "1分30秒", "en": "1 min 30 s"}[language] in seen, "the estimate of a restore"
    assert HEADING.contract[language] in seen
    assert HEADING.run_id in seen
    assert "<svg" in report(language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_files_are_told_of_where_a_site_has_them(language: str) -> None:
    proof = FileProof("app1", "9cb28017", FACTS.now, 1234, 5 * 1024**3)
    drill = FileDrill.of(proof, FACTS.now, 90.0, 1233, 7, "1,233 files came back")
    seen = texts(report(language, file_proofs={"app1": proof}, file_drills={"app1": drill, "app2": drill}))
    heading = getattr(TEXTS["files_beside"], language)
    assert heading in seen
    assert "1,234" in seen
    assert "(9cb28017)" in seen
    assert "1,233 files came back" in seen
    assert "app2" in seen, "one without a backup is told of as well"
    assert heading not in texts(report(language))


def test_the_languages_differ_in_words_alone() -> None:
    chinese, english = report("zh"), report("en")
    assert re.findall(r"\d{8}-\d{6}F", chinese) == re.findall(r"\d{8}-\d{6}F", english)
    assert not re.search(r"[\u4e00-\u9fff]", english)
    assert 'lang="zh-CN"' in chinese
    assert TEXTS["title"].zh in chinese


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    used = set(re.findall(r"\bt\.(\w+)", TEMPLATE)) - {"get"}
    named = {
        "good",
        "bad",
        "grave",
        "critical",
        "warning",
        "notice",
        "backed_up",
        "missing",
        "coming",
        "before",
        "full",
        "diff",
        "incr",
    }
    assert set(TEXTS) == used | named | {"success", "failed", "line", "bars"}
    assert all(
        re.search(r"[\u4e00-\u9fff]", text.zh) and text.en.isascii() for name, text in TEXTS.items() if name != "wal"
    )


@pytest.mark.parametrize(("language", "words"), [("zh", "缺少"), ("en", "missing:")])
def test_a_gap_in_the_wal_is_named_by_its_segment(language: str, words: str) -> None:
    ways = tuple(continuity(stanza(*SETS), archive(2, 3, 4, 5, 6, 8), PROOFS))
    seen = texts(report(language, continuity=ways))
    assert f"{words} {segment_name(1, 7)}" in seen
    assert getattr(TEXTS["grave"], language) in seen


def test_a_site_without_anything_has_a_report_as_well() -> None:
    seen = texts(report("en", sets=(), proofs={}, drills={}, continuity=(), archived_at=None))
    assert "there is no backup that counts" in seen
    assert "not known yet" in seen


def test_a_set_of_an_earlier_database_is_said_to_be_one() -> None:
    assert "of an earlier database" in texts(report("en", continuity=()))


def test_what_is_well_says_so() -> None:
    facts = replace(FACTS)
    month = month_of_backups(
        "2026-11", ZONE, facts, History(tuple(record(days) for days in range(25, 0, -1)), True, True), 7
    )
    seen = texts(backup_page(HEADING, facts, month, [], "en", ZONE))
    assert "The backups are well; no problem was found" in seen
    assert full(20).label in seen, "a set that has gone still stands on its day"
    assert "expired" in seen
