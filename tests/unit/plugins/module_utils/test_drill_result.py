"""Results of drills: kept whole, and what they say of the site's backups."""

from __future__ import annotations

import json
import os
import pwd
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import (
    Check,
    DrillResult,
    ResultError,
    parse_result,
    read_results,
    standing,
    write_result,
)

NOW = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
MONTH = timedelta(days=31)
OWNER = pwd.getpwuid(os.geteuid()).pw_name


def result(label: str, days_ago: float, outcome: str = "success", reason: str = "") -> DrillResult:
    checks = (Check("replay", True, "to 0/9000000"),)
    return DrillResult(label, NOW - timedelta(days=days_ago), outcome, reason, 12.5, checks, True)


def by_label(*results: DrillResult) -> dict[str, DrillResult]:
    return {each.label: each for each in results}


def test_comes_back_as_it_was_written(tmp_path: Path) -> None:
    written = result("A", 3)
    path = write_result(written, tmp_path, OWNER)
    assert path.name == "A.json"
    assert path.stat().st_mode & 0o777 == 0o640
    assert read_results(tmp_path) == {"A": written}


def test_a_later_failure_leaves_it_known_that_the_set_came_back_once(tmp_path: Path) -> None:
    write_result(result("A", 3), tmp_path, OWNER)
    assert read_results(tmp_path)["A"].last_success == NOW - timedelta(days=3)
    for days_ago in (2, 1):
        write_result(result("A", days_ago, "failed", "scratch: No space left on device"), tmp_path, OWNER)
    found = read_results(tmp_path)["A"]
    assert (found.outcome, found.drilled_at) == ("failed", NOW - timedelta(days=1))
    assert found.last_success == NOW - timedelta(days=3)


def test_a_set_that_never_came_back_has_no_success(tmp_path: Path) -> None:
    write_result(result("B", 2, "failed", "replay: ended early"), tmp_path, OWNER)
    assert read_results(tmp_path)["B"].last_success is None


def test_a_result_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = write_result(result("A", 3), tmp_path, OWNER)
    plain = json.loads(path.read_text())
    del plain["succeeded_before"]
    path.write_text(json.dumps(plain))
    assert read_results(tmp_path) == {"A": result("A", 3)}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"label": "A", "checks": 3}', "null", '{"checks": [{"x": 1}]}'])
def test_a_damaged_result_proves_nothing(tmp_path: Path, text: str) -> None:
    with pytest.raises(ResultError, match="is no result of a drill"):
        parse_result(text)
    (tmp_path / "A.json").write_text(text)
    assert read_results(tmp_path) == {}


def test_a_young_success_proves_the_backups() -> None:
    found = standing(by_label(result("A", 30), result("B", 40)), NOW, MONTH)
    assert found.unproven == ""
    assert found.proven == {"A"}
    assert found.last_success is not None
    assert found.last_success.label == "A"


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ((), "no drill has brought a backup back yet; run traumalink.ops.drill"),
        (
            (result("A", 32),),
            "the last drill (backup A) was 32 days ago, 31 at most are agreed; run traumalink.ops.drill",
        ),
        (
            (result("A", 3), result("B", 2, "failed", "canaries: gone")),
            "the drill of backup B on 2026-11-23 failed: canaries: gone",
        ),
        ((result("B", 2, "failed", "canaries: gone"),), "the drill of backup B on 2026-11-23 failed: canaries: gone"),
    ],
    ids=["none", "too old", "failed since", "only failed"],
)
def test_says_why_the_backups_are_unproven(results: tuple[DrillResult, ...], words: str) -> None:
    assert standing(by_label(*results), NOW, MONTH).unproven == words


def test_a_failure_that_a_later_success_has_answered_is_over() -> None:
    assert standing(by_label(result("A", 3, "failed", "x"), result("B", 2)), NOW, MONTH).unproven == ""
