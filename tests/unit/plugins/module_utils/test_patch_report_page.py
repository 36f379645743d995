"""The report of a patching as a page: both languages say the same, and what comes from elsewhere is escaped."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_report_page import Heading
from ansible_collections.traumalink.ops.plugins.module_utils.patch_report import report_data
from ansible_collections.traumalink.ops.plugins.module_utils.patch_report_page import TEMPLATE, TEXTS, patch_page
from patch_samples import FACTS, host

HEADING = Heading({"zh": "维护服务", "en": "Maintenance"}, "lab", "20261129-180000-abcdef")


def report(language: str = "en", **changes: Any) -> str:
    """Return the page."""
    data = report_data(replace(FACTS, **changes), "lab", HEADING.run_id, datetime(2026, 11, 29, 18, 0, tzinfo=UTC))
    return patch_page(HEADING, data, language, ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_tells_what_was_mended_what_remains_and_what_has_no_fix(language: str) -> None:
    seen = report(language)
    for words in (
        "CVE-2026-0001", "CVE-2026-0009", "libcurl4", "nano", "ssh.service", "/etc/x.conf", "3.0.22", "2028-06-30", "2026-11-27", "c" * 64,
        "The window has closed meanwhile", "2026-11-30 02:00 +0800", HEADING.contract[language],
    ):  # fmt: skip
        assert words in seen, words
    assert "&lt;dbus&gt;.service" in seen


def test_both_languages_use_every_text() -> None:
    used = set(re.findall(r"\bt\.(\w+)", TEMPLATE)) | {
        "whole", "partly", "none_done", "not_yet", "held", "kept_back", "healthy", "unhealthy", "unreachable",
    }  # fmt: skip
    assert used == set(TEXTS)
    assert all(text.zh and text.en and text.zh != text.en for text in TEXTS.values())


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "partly"),
        ({"figures": {**FACTS.figures, "packages": 0}}, "none_done"),
        ({"failure": "", "after": {"app1": host(), "db1": host()}}, "whole"),
    ],
)
def test_the_verdict_is_what_was_done(changes: dict[str, Any], verdict: str) -> None:
    assert TEXTS[verdict].en in report(**changes)


def test_without_the_trackers_data_it_says_that_nobody_can_tell_what_has_no_fix() -> None:
    assert TEXTS["no_tracker"].en in unescape(report(tracker={}))
