"""A server's log gives the reason why the server does not come up, and not what an earlier life or a client left there."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import server_log
from ansible_collections.traumalink.ops.plugins.module_utils.server_log import ServerLog

PREFIX = "2026-11-25 03:00:01.123 CST [4711] "


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the log file of cluster 15/main, with an earlier life in it."""
    monkeypatch.setattr(server_log, "LOG_ROOT", tmp_path)
    path = tmp_path / "postgresql-15-main.log"
    path.write_text(f"{PREFIX}FATAL:  could not write to file: No space left on device\n")
    return path


def said(path: Path, *lines: str) -> str:
    """Return what is told of a start that writes these lines."""
    now = ServerLog.of("15", "main")
    with path.open("a") as stream:
        stream.write("".join(f"{line}\n" for line in lines))
    return now.words


def test_the_reason_stands_before_the_tail_with_what_explains_it(log: Path) -> None:
    later = [f"{PREFIX}LOG:  line {number}" for number in range(9)]
    words = said(
        log,
        f"{PREFIX}LOG:  starting PostgreSQL 15.10",
        f"{PREFIX}FATAL:  recovery aborted because of insufficient parameter settings",
        f"{PREFIX}DETAIL:  max_worker_processes = 8 is a lower setting than on the primary server, where its value was 20.",
        f"{PREFIX}HINT:  You can restart the server after making the necessary configuration changes.",
        *later,
    )
    assert words == (
        f"{log} says: {PREFIX}FATAL:  recovery aborted because of insufficient parameter settings | {PREFIX}DETAIL:  max_worker_processes = 8 "
        f"is a lower setting than on the primary server, where its value was 20. | {PREFIX}HINT:  You can restart the server after making the "
        f"necessary configuration changes.; it ends with: {' | '.join(later[-5:])}"
    )


def test_a_hospital_s_own_language_is_read_too(log: Path) -> None:
    words = said(
        log,
        f"{PREFIX}致命错误:  无法绑定地址",
        *["x"] * 6,
        f"{PREFIX}比致命错误还过分的错误:  找不到检查点",
        *["x"] * 6,
    )
    assert "无法绑定地址" in words
    assert "找不到检查点" in words


def test_an_earlier_life_is_not_quoted(log: Path) -> None:
    assert "No space left" not in said(log, f"{PREFIX}LOG:  starting PostgreSQL 15.10")


def test_connections_that_were_turned_away_are_no_reason(log: Path) -> None:
    words = said(
        log,
        f"{PREFIX}FATAL:  the database system is not yet accepting connections",
        f"{PREFIX}DETAIL:  Consistent recovery state has not been yet reached.",
        f"{PREFIX}FATAL:  terminating connection due to administrator command",
        *["quiet"] * 5,
    )
    assert words == f"{log} ends with: quiet | quiet | quiet | quiet | quiet"


def test_a_reason_that_comes_again_and_again_stands_once(log: Path) -> None:
    words = said(log, *[f"{PREFIX}PANIC:  could not locate a valid checkpoint record"] * 40)
    assert words.count("PANIC") == 1


def test_of_many_reasons_the_last_ones_are_told(log: Path) -> None:
    words = said(log, *[f"{PREFIX}FATAL:  reason {number}." for number in range(20)])
    assert [f"reason {number}." in words for number in (0, 14, 15, 19)] == [False, False, True, True]


def test_a_log_that_was_rotated_meanwhile_is_read_from_its_beginning(log: Path) -> None:
    now = ServerLog.of("15", "main")
    log.write_text("FATAL:  new\n")
    assert now.words == f"{log} says: FATAL:  new"


def test_a_log_that_has_nothing_new_is_told_as_it_is(log: Path) -> None:
    assert "No space left" in said(log)


def test_a_huge_log_is_read_from_near_its_end(log: Path) -> None:
    now = ServerLog.of("15", "main")
    log.write_text("FATAL:  old\n" + "x" * 400_000 + "\nFATAL:  new\n")
    assert "old" not in now.words
    assert "says: FATAL:  new" in now.words


def test_a_log_that_is_not_there_is_named(log: Path) -> None:
    log.unlink()
    assert ServerLog.of("15", "main").words == f"{log} does not exist"
