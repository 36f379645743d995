"""From what a person typed and the repository to a plan, or a refusal that says what is possible."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import wal_reader
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import proof_text
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import FAILED, DrillResult, write_result
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import BackupError, PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.restore_goal import Goal, GoalError
from ansible_collections.traumalink.ops.plugins.module_utils.restore_options import GapError, RefusedError, Wanted
from ansible_collections.traumalink.ops.plugins.module_utils.restore_plan import RestorePlan
from ansible_collections.traumalink.ops.plugins.module_utils.restore_request import (
    SETTLE_SECONDS,
    Request,
    plan_restore,
)
from backup_samples import NOW, proof
from info_samples import FULL, INCREMENT, MANIFEST_WITH_TABLESPACE, REAL, changed, listing

ME = pwd.getpwuid(os.geteuid()).pw_name
POSSIBLE = "Possible is any time from 2026-11-23 01:37:03 UTC to the end of the archive. Nothing was changed"

Plan = Callable[..., RestorePlan]


@pytest.fixture
def repository(runner: Any) -> Any:
    """Give a runner with a repository of a full set (segment 5) and an increment (6 to 7), and WAL to segment 9."""
    runner.on("info", out=REAL).on("repo-ls", out=listing(*range(1, 10)))
    return runner.on("repo-get", out=MANIFEST_WITH_TABLESPACE)


@pytest.fixture
def waited() -> list[float]:
    """Give the list of waits, in seconds."""
    return []


@pytest.fixture
def plan(repository: Any, tmp_path: Path, waited: list[float], monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Give what plans a request on a repository's host on which nothing can look into WAL."""
    monkeypatch.setattr(wal_reader, "PLACES", tmp_path / "places")
    engine = PgBackRest(repository, "lab", ME)

    def planned(target: dict[str, str] | None = None, **typed: str) -> RestorePlan:
        request = Request(target or {}, **typed)
        return plan_restore(request, engine, tmp_path / "proofs", tmp_path / "programs", NOW, waited.append)

    return planned


# --- what was typed ---


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (Request({}), Wanted(Goal())),
        (Request({"name": "", "lsn": " "}, "", " ", ""), Wanted(Goal())),
        (Request({"name": "before"}), Wanted(Goal("name", "before"))),
        (Request({"lsn": "0/5a"}, f" {FULL}\n", " 2 ", "lose it"), Wanted(Goal("lsn", "0/5A"), FULL, 2, "lose it")),
    ],
)
def test_what_was_typed_becomes_values(request_: Request, wanted: Wanted) -> None:
    assert request_.wanted() == wanted


@pytest.mark.parametrize("number", ["latest", "0", "-1", "1.5", "0x2", "２"])
def test_what_is_no_timelines_number_is_refused(number: str) -> None:
    with pytest.raises(GoalError, match=rf"^restore_timeline '{number}' is no timeline's number, such as 2$"):
        Request({}, timeline=number).wanted()


# --- the plan ---


def test_plans_from_the_newest_set_with_the_tablespaces_of_its_manifest(plan: Plan, repository: Any) -> None:
    found = plan()
    assert (found.backup.label, found.timeline, found.last_segment) == (INCREMENT, 1, "000000010000000000000009")
    assert found.tablespaces == {"/srv/other": 24576}
    assert repository.calls[-1][-1] == f"backup/lab/{INCREMENT}/backup.manifest"
    assert plan(label=FULL).backup.label == FULL
    assert repository.calls[-1][-1] == f"backup/lab/{FULL}/backup.manifest"


def test_the_repository_is_only_read_and_nothing_stays_of_the_look(plan: Plan, repository: Any, tmp_path: Path) -> None:
    plan()
    words = {word for argv in repository.calls for word in argv if not word.startswith("-")}
    assert words & {"info", "repo-ls", "repo-get"} == {"info", "repo-ls", "repo-get"}
    assert not words & {"restore", "backup", "expire", "stanza-create", "repo-put", "repo-rm"}
    assert list((tmp_path / "places").iterdir()) == []


def test_says_that_the_program_of_the_database_s_own_version_is_missing(plan: Plan, tmp_path: Path) -> None:
    (note,) = plan().notes
    assert note == (
        f"no commit's time is known: {tmp_path}/programs/15/bin/pg_waldump is not installed on the repository's host; "
        "traumalink.ops.site installs it"
    )


def test_what_the_proofs_have_seen_counts(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "proofs").mkdir()
    seen = proof(0, label=INCREMENT, proven_to="00000001000000000000000B")
    (tmp_path / "proofs" / f"{INCREMENT}.json").write_text(proof_text(seen))
    with pytest.raises(
        GapError, match="2 WAL segments are missing, 00000001000000000000000A to 00000001000000000000000B"
    ):
        plan()


def test_what_the_drills_have_seen_counts(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "drills").mkdir()
    write_result(DrillResult(INCREMENT, NOW, FAILED, "2 rows are missing", 60.0), tmp_path / "drills", ME)
    found = plan()
    assert found.backup.label == FULL
    assert f"backup {INCREMENT} is newer and failed its drill of" in found.notes[0]


# --- refused ---


@pytest.mark.parametrize(
    ("target", "typed", "why"),
    [
        ({"time": "2026-11-23 03:00"}, {}, "has no time zone"),
        ({"time": "2026-11-23 03:00Z", "xid": "7"}, {}, "a restore has one target"),
        ({}, {"timeline": "latest"}, "restore_timeline 'latest' is no timeline's number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_possible_range(
    plan: Plan, target: dict[str, str], typed: dict[str, str], why: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        plan(target, **typed)
    assert why in str(refused.value)
    assert str(refused.value).endswith(POSSIBLE)


def test_a_repository_without_backups_is_refused_before_anything_else_is_asked(plan: Plan, repository: Any) -> None:
    repository.on("info", out=changed(backup=[]))
    with pytest.raises(RefusedError, match=r"^The repository holds no backup of lab. Nothing was changed$"):
        plan({"time": "whenever"})
    assert len(repository.calls) == 1


def test_a_repository_that_cannot_be_read_is_an_error_of_its_own(plan: Plan, repository: Any) -> None:
    repository.on("repo-ls", err="ERROR: [103]: unable to find a valid repository\n", status=103)
    with pytest.raises(BackupError, match=r"^listing the archived WAL failed: \[103\]"):
        plan()


# --- segments that come late ---


def test_a_segment_that_comes_late_is_waited_for_once(plan: Plan, repository: Any, waited: list[float]) -> None:
    repository.on("repo-ls", out=[listing(5, 6, 7, 9), listing(5, 6, 7, 8, 9)])
    assert plan().gap is None
    assert waited == [SETTLE_SECONDS]


def test_a_segment_that_does_not_come_is_a_gap(plan: Plan, repository: Any, waited: list[float]) -> None:
    repository.on("repo-ls", out=listing(5, 6, 7, 9))
    with pytest.raises(GapError, match="WAL segment 000000010000000000000008 is missing in the repository"):
        plan()
    assert waited == [SETTLE_SECONDS]
    gap = plan(accept_loss="lose all WAL from 000000010000000000000008 on").gap
    assert gap is not None
    assert gap.words == "WAL segment 000000010000000000000008 is missing"


@pytest.mark.parametrize("refused", [{"timeline": "7"}, {"label": "20260101-000000F"}])
def test_nobody_waits_for_what_time_does_not_change(plan: Plan, waited: list[float], refused: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        plan(**refused)
    plan()
    assert waited == []
