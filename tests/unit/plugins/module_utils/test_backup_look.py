"""Looking how it stands: what cannot be read is a fact and not an error, so that it is told."""

from __future__ import annotations

import getpass
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_look import Look, limits_of, look_of
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import proof_text
from ansible_collections.traumalink.ops.plugins.module_utils.backup_status import VaultState
from ansible_collections.traumalink.ops.plugins.module_utils.certificate_expiry import TlsFiles
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import DrillResult, write_result
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.second_repository import SecondState, write_second
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from backup_samples import NOW, SYSTEM, full, proof
from watch_samples import SETTINGS


def info(status: int = 0, message: str = "ok", sets: bool = True) -> str:
    """Return what pgBackRest says of a repository with one set of a day ago."""
    backup = full(1)
    entry = {
        "label": backup.label, "type": "full", "prior": None, "timestamp": {"start": 1, "stop": 9}, "error": False,
        "lsn": {"start": backup.lsn_start, "stop": backup.lsn_stop}, "archive": {"start": backup.wal_start, "stop": backup.wal_stop},
        "info": {"size": 1000, "delta": 1000, "repository": {"delta": 100}},
    }  # fmt: skip
    whole = {"name": "lab", "status": {"code": status, "message": message}, "backup": [entry] if sets else [],
             "db": [{"id": 1, "system-id": SYSTEM, "version": "15"}], "archive": []}  # fmt: skip
    return json.dumps([whole])


def listing(*numbers: int, minutes_ago: float = 1) -> str:
    """Return the listing of an archive with these segments."""
    at = int((NOW - timedelta(minutes=minutes_ago)).timestamp())
    names = [segment_name(1, number) for number in numbers]
    return json.dumps(
        {f"15-1/{name[:16]}/{name}-{'0' * 40}.zst": {"type": "file", "size": 1, "time": at} for name in names}
    )


@pytest.fixture
def look(runner: Any, tmp_path: Path) -> Look:
    """Give a look at an ops host with one proven set."""
    for folder in ("repository", "proofs", "drills"):
        (tmp_path / folder).mkdir()
    kept = proof(1, repository_free_bytes=10**15)
    (tmp_path / "proofs" / f"{kept.label}.json").write_text(proof_text(kept))
    write_result(DrillResult(kept.label, NOW, "success", "", 60.0), tmp_path / "drills", getpass.getuser())
    engine = PgBackRest(runner, "lab", getpass.getuser(), running=list)
    nowhere = TlsFiles(*(tmp_path / name for name in ("ca", "crt", "key")))
    return Look(
        engine, tmp_path / "repository", NOW, tls=nowhere, proofs=tmp_path / "proofs", drills=tmp_path / "drills", state=tmp_path,
        sleep=lambda _seconds: None, vault=True,
    )  # fmt: skip


def test_sees_sets_proofs_drills_wal_and_room(look: Look, runner: Any) -> None:
    runner.on("info", out=info()).on("repo-ls", out=listing(5, 6, 7))
    seen = look.see()
    facts = seen.facts
    label = full(1).label
    assert [backup.label for backup in facts.sets] == [label]
    assert set(facts.proofs) == set(facts.drills) == {label}
    assert (facts.problem, facts.archive_problem, facts.system_id) == ("", "", SYSTEM)
    assert facts.archived_at == NOW - timedelta(minutes=1)
    assert [(way.label, way.whole) for way in facts.continuity] == [(label, True)]
    assert 0 < facts.free_bytes <= facts.total_bytes
    assert facts.days_until_full is not None, "the proof of a day ago saw more free space"
    assert seen.stanza is not None
    assert seen.archive is not None


def test_a_second_repository_is_asked_up_to_where_it_has_wal(look: Look, runner: Any) -> None:
    runner.on("info", out=info()).on("repo-ls", out=listing(5, 6, 7))
    assert look.see().facts.second is None, "where there is none"
    assert runner.asked("--repo=2") == []
    write_second(SecondState(full(1).label, NOW), getpass.getuser(), look.state / "second.json")
    held = json.loads(info())[0]
    held["archive"] = [{"database": {"id": 1}, "id": "15-1", "min": segment_name(1, 1), "max": segment_name(1, 6)}]
    runner.on("--repo=2", "info", out=json.dumps([held]))
    seen = replace(look, second=True).see().facts.second
    assert seen == SecondState(full(1).label, NOW, "", NOW - timedelta(minutes=1))


def test_a_gap_is_seen(look: Look, runner: Any) -> None:
    runner.on("info", out=info()).on("repo-ls", out=listing(5, 7))
    (way,) = look.see().facts.continuity
    assert [gap.first for gap in way.gaps] == [segment_name(1, 6)]


def test_a_quiet_archive_is_asked_for_a_segment_at_half_its_limit(look: Look, runner: Any) -> None:
    runner.on("info", out=info()).on("check")
    runner.on("repo-ls", out=[listing(5, 6, minutes_ago=8), listing(5, 6, 7, minutes_ago=0)])
    assert look.see().facts.archived_at == NOW
    assert len(runner.asked("check")) == 1


def test_a_repository_that_cannot_be_read_is_told_and_the_rest_is_seen_all_the_same(look: Look, runner: Any) -> None:
    runner.on("info", status=29, err="ERROR: [029]: broken")
    seen = look.see()
    assert "broken" in seen.facts.problem
    assert seen.facts.drills
    assert seen.archive is None


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (info(2, "no valid backups", sets=False), ""),  # a finding of its own
        (info(3, "missing stanza data", sets=False), "lab: missing stanza data"),
        ("[]", "lab: missing stanza path"),
    ],
)
def test_a_repository_without_sets(look: Look, runner: Any, said: str, problem: str) -> None:
    runner.on("info", out=said).on("repo-ls", out=listing(5))
    facts = look.see().facts
    assert facts.problem == problem
    assert facts.sets == ()


def test_certificates_that_are_not_there_are_facts_too(look: Look, runner: Any) -> None:
    runner.on("info", out="[]")
    found = look.see().facts.certificates
    assert [(each.name, each.ends_at) for each in found] == [("host.crt", None), ("ca.crt", None)]
    assert all("No such file" in each.problem for each in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({"at": NOW.isoformat(), "problem": "not mounted"}), VaultState(NOW, "not mounted")),
        ("{", VaultState(None, "")),
        (None, VaultState(None, "")),
    ],
)
def test_how_the_last_run_into_the_vault_ended(look: Look, runner: Any, text: str | None, expected: VaultState) -> None:
    runner.on("info", out="[]")
    if text is not None:
        (look.state / "vault.json").write_text(text)
    assert look.see().facts.vault == expected


def test_settings_say_what_is_agreed_and_who_is_asked(runner: Any) -> None:
    limits = limits_of(SETTINGS)
    assert (limits.success, limits.archive, limits.drill) == (
        timedelta(hours=30),
        timedelta(minutes=15),
        timedelta(days=31),
    )
    assert (limits.certificate, limits.full_days, limits.vault) == (timedelta(days=30), 14.0, True)
    made = look_of(SETTINGS, PgBackRest(runner, "lab", "x"), NOW)
    assert [(peer.name, peer.address, peer.port) for peer in made.peers] == [("db1", "192.0.2.7", 8432)]
    assert (made.repository, made.archive_limit, made.vault) == (Path("/srv/repository"), timedelta(minutes=15), True)


@pytest.mark.parametrize("changes", [{"drill_days": None}, {"drill_days": "x"}, {"peers": None}, {"peers": [{}]}])
def test_settings_that_are_incomplete_are_an_error(runner: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(OpsError, match=r"incomplete .*; run traumalink\.ops\.site"):
        look_of({**SETTINGS, **changes}, PgBackRest(runner, "lab", "x"), NOW)
