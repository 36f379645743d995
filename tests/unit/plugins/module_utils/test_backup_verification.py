"""After a backup: it is judged, its proof is kept, and only then old sets go."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import read_proof, write_proof
from ansible_collections.traumalink.ops.plugins.module_utils.backup_verification import (
    LOOK_SECONDS,
    NO_VAULT,
    Unproven,
    Verification,
)
from ansible_collections.traumalink.ops.plugins.module_utils.drill_result import DrillResult, write_result
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import BackupError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import Backup
from ansible_collections.traumalink.ops.plugins.module_utils.second_repository import (
    SecondState,
    read_second,
    write_second,
)
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from backup_samples import NOW, archive, full, observed, proof, stanza


@dataclass
class Engine:
    """A repository in memory: WAL may arrive late, and old sets go when they are told to."""

    backups: list[Backup]
    arrivals: list[Iterable[int]]
    user: str = field(default_factory=getpass.getuser)
    expired: list[int] = field(default_factory=list)
    refuses: bool = False
    second: Any = None

    def info(self) -> Any:
        return stanza(*self.backups)

    def archive(self, database_id: str) -> Any:
        assert database_id == "15-1"
        return archive(*(self.arrivals.pop(0) if len(self.arrivals) > 1 else self.arrivals[0]))

    def expire(self, days: int) -> None:
        if self.refuses:
            raise BackupError("removing what is older failed")
        self.expired.append(days)
        self.backups = [
            backup for backup in self.backups if backup.started_at >= (NOW - timedelta(days=days)).isoformat()
        ]


@dataclass
class Clock:
    """Time that goes by while somebody sleeps."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def verification(engine: Engine, folder: Path, clock: Clock | None = None) -> Verification:
    """Return the look at a repository, with places for proofs and drills."""
    clock = clock or Clock()
    for name in ("proofs", "drills"):
        (folder / name).mkdir(exist_ok=True)
    places = {"proofs": folder / "proofs", "drills": folder / "drills", "second": folder / "second.json"}
    return Verification(engine, folder, NOW, 10.0, **places, clock=clock, sleep=clock.sleep)  # type: ignore[arg-type]


def run(looked: Verification, label: str = full().label, **options: Any) -> Any:
    return looked.run(label, observed(), **{"size_expected": False, "retention_days": 7, **options})


def test_a_backup_that_counts_leaves_its_proof_and_its_figures(tmp_path: Path) -> None:
    verified = run(verification(Engine([full()], [(5, 6, 7)]), tmp_path))
    kept = read_proof(full().label, tmp_path / "proofs")
    assert kept.proven_to == segment_name(1, 7)
    assert kept.repository_free_bytes > 0
    facts = verified.facts()
    assert facts["figures"]["label"] == full().label
    assert facts["artefact"]["name"] == str(tmp_path / "proofs" / f"{full().label}.json")
    assert facts["artefact"]["size_bytes"] == Path(facts["artefact"]["name"]).stat().st_size
    assert "warnings" not in facts["figures"]


def test_wal_that_arrives_late_is_waited_for(tmp_path: Path) -> None:
    clock = Clock()
    run(verification(Engine([full()], [(5,), (5, 6), (5, 6, 7)]), tmp_path, clock))
    assert clock.seconds == pytest.approx(2 * LOOK_SECONDS)


def test_wal_that_never_arrives_spoils_the_backup_and_nothing_is_removed(tmp_path: Path) -> None:
    clock, engine = Clock(), Engine([full(30), full(20), full()], [(5, 6)])
    with pytest.raises(Unproven, match=f"WAL segment {segment_name(1, 7)} is missing") as caught:
        run(verification(engine, tmp_path, clock))
    assert len(caught.value.problems) == 1
    assert clock.seconds == pytest.approx(10.0, abs=LOOK_SECONDS)
    assert engine.expired == []
    assert list((tmp_path / "proofs").iterdir()) == []


def test_what_is_too_old_goes_with_its_proof_only_after_the_new_one_is_proven(tmp_path: Path) -> None:
    engine = Engine([full(30), full(3), full()], [(1, 2, 3, 4, 5, 6, 7)])
    looked = verification(engine, tmp_path)
    for days_ago in (30, 3):
        write_proof(proof(days_ago), engine.user, tmp_path / "proofs")
    verified = run(looked)
    assert engine.expired == [7]
    assert verified.removed == [full(30).label]
    assert {path.stem for path in (tmp_path / "proofs").iterdir()} == {full(3).label, full().label}


def test_the_set_that_a_drill_has_proven_last_stays(tmp_path: Path) -> None:
    engine = Engine([full(30), full()], [(5, 6, 7)])
    looked = verification(engine, tmp_path)
    write_result(DrillResult(full(30).label, NOW, "success", "", 9.0), tmp_path / "drills", engine.user)
    verified = run(looked)
    assert engine.expired == [31]
    assert (verified.removed, verified.kept) == ([], full(30).label)


def test_a_proven_set_stays_while_only_unproven_ones_cover_the_time(tmp_path: Path) -> None:
    engine = Engine([full(15), full(8), full()], [(5, 6, 7)])
    looked = verification(engine, tmp_path)
    write_proof(proof(15), engine.user, tmp_path / "proofs")
    verified = run(looked)
    assert engine.expired == [16]
    assert verified.removed == []


def test_a_warning_stands_in_the_figures(tmp_path: Path) -> None:
    verified = run(verification(Engine([full(checksum_errors=None)], [(5, 6, 7)]), tmp_path))
    assert "no page checksums" in verified.facts()["figures"]["warnings"]
    assert verified.facts()["warnings_found"] == verified.warnings


def test_a_proof_of_the_same_set_is_no_earlier_one(tmp_path: Path) -> None:
    engine = Engine([full(database_bytes=400)], [(5, 6, 7)])
    looked = verification(engine, tmp_path)
    write_proof(proof(0), engine.user, tmp_path / "proofs")
    assert run(looked).figures["database_bytes"] == 400, "a second look at the same set compares it with nothing"


def test_old_sets_that_cannot_be_removed_are_a_failure(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="removing what is older failed"):
        run(verification(Engine([full()], [(5, 6, 7)], refuses=True), tmp_path))
    assert read_proof(full().label, tmp_path / "proofs").label == full().label, "it is proven all the same"


OTHER = "20261125-221500F"


def with_second(folder: Path, arrivals: list[Iterable[int]], *backups: Backup) -> Verification:
    """Return the look at a repository beside which there is a second one."""
    engine = Engine([full()], [(5, 6, 7)])
    engine.second = Engine(list(backups), arrivals)
    return verification(engine, folder)


def test_the_second_repository_is_looked_at(tmp_path: Path) -> None:
    looked = with_second(tmp_path, [(5,), (5, 6, 7)], full(label=OTHER))
    verified = run(looked, second=OTHER)
    assert (verified.warnings, verified.lacking, looked.engine.expired) == ([], [], [7])
    assert read_second(tmp_path / "second.json") == SecondState(OTHER, NOW)


def test_a_site_without_a_second_copy_is_told_so(tmp_path: Path) -> None:
    assert run(with_second(tmp_path, [(5, 6, 7)]), vault=False).warnings == [NO_VAULT]


@pytest.mark.parametrize(
    ("backups", "arrivals", "words"),
    [
        ((), [(5, 6, 7)], f"the repository does not list backup {OTHER}"),
        ((full(label=OTHER),), [(5, 7)], f"WAL segment {segment_name(1, 6)} is missing"),
    ],
)
def test_what_the_second_repository_lacks_is_told_and_takes_nothing_from_the_first(
    tmp_path: Path, backups: tuple[Backup, ...], arrivals: list[Iterable[int]], words: str
) -> None:
    write_second(SecondState("A", NOW), getpass.getuser(), tmp_path / "second.json")
    looked = with_second(tmp_path, arrivals, *backups)
    (said,) = run(looked, second=OTHER).facts()["second_problems"]
    assert said.startswith(words)
    assert read_second(tmp_path / "second.json") == SecondState("A", NOW, said), "what was verified before is known"
    assert looked.engine.expired == [], "what lies there may be needed"
    assert read_proof(full().label, tmp_path / "proofs").label == full().label


def test_a_second_repository_that_got_nothing_is_told_and_not_looked_at(tmp_path: Path) -> None:
    looked = with_second(tmp_path, [])
    assert run(looked, second_problem="unable to connect").lacking == ["unable to connect"]
    assert read_second(tmp_path / "second.json") == SecondState(problem="unable to connect")


def test_a_second_repository_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    looked = with_second(tmp_path, [(5, 6, 7)])

    def away() -> None:
        raise BackupError("unable to connect")

    looked.engine.second.info = away
    assert run(looked, second=OTHER).lacking == ["unable to connect"]
