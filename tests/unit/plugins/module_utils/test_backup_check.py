"""The check: all that was found is told, the month is the right one, and a report is never written over."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_check import (
    Asked,
    Checked,
    check,
    history_from,
    history_of,
    month_asked,
    write_reports,
)
from ansible_collections.traumalink.ops.plugins.module_utils.backup_look import Look, Seen
from ansible_collections.traumalink.ops.plugins.module_utils.backup_month import History
from ansible_collections.traumalink.ops.plugins.module_utils.backup_report_page import Heading
from ansible_collections.traumalink.ops.plugins.module_utils.backup_status import Limits
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record
from ansible_collections.traumalink.ops.plugins.module_utils.vault import Vault, vault_of
from backup_samples import NOW, full
from month_samples import FACTS, ZONE, record
from vault_samples import SETTINGS as VAULT

LIMITS = Limits(vault=True)
ALL = History(tuple(record(days) for days in range(25, 0, -1)), True, True)


@pytest.fixture
def checked(runner: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the check over the sample's facts with changes."""

    def call(history: History = ALL, *, files: bool = False, **changes: Any) -> Checked:
        monkeypatch.setattr(Look, "see", lambda _self: Seen(replace(FACTS, **changes)))
        look = Look(PgBackRest(runner, "lab", "x", running=list), Path("/r"), NOW)
        return check(look, LIMITS, Asked("2026-11", ZONE, 7, files), lambda *_times: history)

    return call


def test_what_is_well_has_no_problem_and_its_figures(checked: Any) -> None:
    found = checked()
    assert found.problems == []
    assert found.figures() == {
        "month": "2026-11", "days_backed_up": 25, "days_missing": 0, "sets": 2, "repository_free_bytes": 5 * 1024**3,
        "findings_critical": 0, "findings_warning": 0, "findings_notice": 0, "last_success": full(1).label,
        "last_success_age_seconds": 86400, "database_bytes": 3000, "restore_estimate_seconds": 90,
    }  # fmt: skip


def test_problems_of_state_and_of_the_month_are_told_the_gravest_first(checked: Any) -> None:
    found = checked(History((), True, True), archived_at=NOW - timedelta(hours=1), days_until_full=10.0)
    assert [line.split(":")[0] for line in found.problems] == ["critical", "warning", "warning"]
    assert "60 minutes ago; the limit is 15" in found.problems[0]
    assert "these days have no backup that succeeded: 11-01" in found.problems[2]
    assert (found.figures()["findings_critical"], found.figures()["days_until_full"]) == (1, 10.0)


def test_a_notice_is_no_problem(checked: Any) -> None:
    found = checked(History(tuple(record(days) for days in range(25, 0, -1) if days != 9), True, True))
    assert [each.code for each in found.findings] == ["days_missing"]
    assert found.problems == []


def test_a_damaged_file_is_found_where_files_are_read(checked: Any, runner: Any) -> None:
    assert runner.calls == []
    runner.on("repo-get", out="same").on("verify", out=f"INFO: invalid checksum '{full(8).label}/bundle/1'")
    (line,) = checked(files=True).problems
    assert f"{full(8).label}/bundle/1 (invalid checksum)" in line


def test_a_damaged_file_of_the_second_copy_is_found_although_the_engine_ends_well(
    runner: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vault = vault_of({**VAULT, "vault_path": str(tmp_path), "config": "/vault.conf"}, runner, NOW)
    vault = replace(vault, apart=lambda _one, _other: True)
    (tmp_path / "backup/lab" / full(8).label).mkdir(parents=True)
    (tmp_path / "backup/lab" / full(8).label / "backup.manifest").touch()
    runner.on("repo-get", out="same").on("verify")
    runner.on("verify", "--config=/vault.conf", out=f"INFO: invalid checksum '{full(8).label}/bundle/1'")
    monkeypatch.setattr(Look, "see", lambda _self: Seen(FACTS))
    look = Look(PgBackRest(runner, "lab", "x", running=list), Path("/r"), NOW)

    def problems(files: bool, vault: Vault) -> list[str]:
        return check(look, LIMITS, Asked("2026-11", ZONE, 7, files), lambda *_times: ALL, vault).problems

    assert problems(False, vault) == []
    (line,) = problems(True, vault)
    assert line.startswith(
        f"warning: files of the second copy are damaged, gone or cannot be read: {full(8).label}/bundle/1 (invalid checksum)"
    )
    (line,) = problems(True, replace(vault, place=tmp_path / "away"))
    assert "away is not there; mount the vault" in line


def test_files_of_a_repository_that_cannot_be_read_are_not_asked_for(checked: Any, runner: Any) -> None:
    assert checked(files=True, problem="gone").findings[0].code == "repository"
    assert runner.calls == []


def test_the_report_is_there_in_both_languages(checked: Any) -> None:
    pages = checked().pages(Heading({"zh": "合同", "en": "Contract"}, "lab", "r"))
    assert set(pages) == {"zh", "en"}
    assert "备份月报" in pages["zh"]
    assert "Monthly report" in pages["en"]


@pytest.mark.parametrize(
    ("given", "now", "expected"),
    [
        ("", datetime(2026, 11, 30, 16, 30, tzinfo=UTC), "2026-11"),  # the first of December there: tells of November
        ("", datetime(2026, 12, 1, 16, 30, tzinfo=UTC), "2026-12"),
        ("2026-10", NOW, "2026-10"),
        ("2026-11", NOW, "2026-11"),
    ],
)
def test_the_month_is_that_of_yesterday_or_the_one_that_is_asked_for(given: str, now: datetime, expected: str) -> None:
    assert month_asked(given, ZONE, now) == expected


@pytest.mark.parametrize(("given", "said"), [("2026-12", "has not begun"), ("November", "must be a year and a month")])
def test_what_is_no_month_or_has_not_begun_is_refused(given: str, said: str) -> None:
    with pytest.raises(OpsError, match=said):
        month_asked(given, ZoneInfo("Asia/Shanghai"), NOW)


@contextmanager
def ledger_with(folder: Path, *kept: Record) -> Iterator[Ledger]:
    """Give a ledger that holds closed records."""
    with Ledger.opened(folder, create=True) as ledger:
        for number, each in enumerate(kept):
            started = replace(each, run_id=f"20261101-000000-{number:06x}")
            ledger.acquire(replace(started, outcome=None, ended_at=None, figures={}), "none", 60, each.started_at)
            ledger.close(replace(started, ended_at=each.started_at), each.started_at)
        yield ledger


def test_the_ledger_tells_of_the_months_backups_and_drills_and_of_what_was_before(tmp_path: Path) -> None:
    def made(day: int, verb: str = "backup", outcome: str = "success", month: int = 11) -> Record:
        at = datetime(2026, month, day, 14, tzinfo=UTC)
        return Record("", "lab", verb, "me", at, outcome=outcome, figures={"label": f"{day}"})

    with ledger_with(
        tmp_path, made(30, month=10), made(2), made(4, outcome="failed"), made(3, "drill"), made(5, "deploy")
    ) as ledger:
        begins, ends = datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC)
        found = history_from(history_of(ledger.store, begins, ends, datetime(2026, 10, 30, tzinfo=UTC)))
    assert [(each["verb"], each["figures"]["label"]) for each in found.records] == [
        ("backup", "2"),
        ("drill", "3"),
        ("backup", "4"),
    ]
    assert (found.begun, found.older) == (True, False)


def test_reports_are_artefacts_with_their_hashes(runner: Any, tmp_path: Path) -> None:
    runner.on("weasyprint", then=lambda: Path(runner.calls[-1][2]).write_bytes(b"%PDF-1.7"))
    made = write_reports(tmp_path / "2026-11", "backup-2026-11-r", {"zh": "中文", "en": "English"}, runner)
    names = [f"backup-2026-11-r-{end}" for end in ("zh.html", "zh.pdf", "en.html", "en.pdf")]
    assert [Path(each["name"]).name for each in made] == names
    assert made[0]["sha256"] == hashlib.sha256("中文".encode()).hexdigest()
    assert made[1]["size_bytes"] == 8
    assert (tmp_path / "2026-11" / names[0]).stat().st_mode & 0o777 == 0o640


def test_a_report_that_is_there_is_never_written_over(runner: Any, tmp_path: Path) -> None:
    (tmp_path / "r-zh.html").write_text("evidence")
    with pytest.raises(OpsError, match="cannot be written"):
        write_reports(tmp_path, "r", {"zh": "x"}, runner)
    assert (tmp_path / "r-zh.html").read_text() == "evidence"
