"""A report's page and its PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import report_page
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError
from ansible_collections.traumalink.ops.plugins.module_utils.report_page import (
    ReportError,
    Text,
    make_pdf,
    page,
    span_text,
)
from backup_samples import NOW
from month_samples import ZONE

TEXTS = {"hello": Text("你好", "hello")}


def made(template: str, language: str = "en", **values: Any) -> str:
    """Return a page of a small template."""
    return page(template, TEXTS, language, ZONE, values)


def test_one_template_gives_both_languages() -> None:
    assert made("{{ code }} {{ t.hello }}") == "en hello"
    assert made("{{ code }} {{ t.hello }}", "zh") == "zh-CN 你好"


def test_what_is_filled_in_is_escaped_and_what_is_not_known_is_an_error() -> None:
    assert made("{{ reason }}", reason="<script>") == "&lt;script&gt;"
    with pytest.raises(Exception, match="has no attribute 'helo'"):
        made("{{ t.helo }}")


def test_sizes_times_and_spans_are_for_people() -> None:
    assert (
        made("{{ a | size }} {{ b | when }} {{ c | span }}", a=2048, b=NOW, c=61)
        == "2 KiB 2026-11-26 06:10 +0800 1 min 1 s"
    )
    assert made("{{ c | span }}", "zh", c=3700) == "1小时1分"


@pytest.mark.parametrize(("seconds", "expected"), [(0, "0 s"), (59.6, "1 min"), (7322, "2 h 2 min"), (86400, "24 h")])
def test_spans(seconds: float, expected: str) -> None:
    assert span_text(seconds, "en") == expected


def test_a_host_without_the_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_page, "jinja2", None)
    with pytest.raises(ReportError, match="python3-jinja2 is missing on this host"):
        made("x")


def test_a_pdf_is_made_of_a_page(runner: Any, tmp_path: Path) -> None:
    target = tmp_path / "r.pdf"
    runner.on("weasyprint", then=lambda: target.write_bytes(b"%PDF-1.7"))
    make_pdf(runner, tmp_path / "r.html", target)
    assert runner.calls == [["weasyprint", str(tmp_path / "r.html"), str(target)]]


def test_a_pdf_that_is_none_is_an_error(runner: Any, tmp_path: Path) -> None:
    runner.on("weasyprint")
    with pytest.raises(ReportError, match="left no PDF"):
        make_pdf(runner, tmp_path / "r.html", tmp_path / "r.pdf")
    runner.on("weasyprint", status=1, err="cannot open font")
    with pytest.raises(CommandError, match="cannot open font"):
        make_pdf(runner, tmp_path / "r.html", tmp_path / "r.pdf")
