"""The room that a restore needs: each part of it on the file system on which it lies, counted before anything is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.file_system import FileSystem
from ansible_collections.traumalink.ops.plugins.module_utils.restore_in_place import InPlace
from ansible_collections.traumalink.ops.plugins.module_utils.restore_job import RestoreJob
from ansible_collections.traumalink.ops.plugins.module_utils.restore_room import RestoreRoom
from ansible_collections.traumalink.ops.plugins.module_utils.restore_target import RestoreError
from restore_host_samples import (
    GIB,
    JOB,
    NEEDED,
    OTHERS,
    Repository,
    killed_in_the_middle,
    lay_old_data,
    restored,
)

FOLDER = "PG_15_202209061"


def lay(path: Path, size_bytes: int) -> None:
    """Lay a file of that size, which takes no room on the test's disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size_bytes)


def required(repository: Repository, database_bytes: int = 10 * GIB) -> dict[str, int]:
    """Return what is needed by mount point."""
    needed = repository.room.needed(database_bytes, JOB)
    return {str(each.system.mount): each.required_bytes for each in needed}


# --- on one file system ---


def test_needs_the_database_a_tenth_more_and_the_wal(repository: Repository) -> None:
    assert required(repository) == {"/": NEEDED}
    assert required(repository, 0) == {"/": GIB}


@pytest.mark.parametrize("other", OTHERS)
def test_what_another_restore_left_does_not_count_as_done(repository: Repository, other: RestoreJob) -> None:
    repository.data.mkdir()
    repository.finish()
    repository.target.mark(other)
    assert required(repository) == {"/": NEEDED}


@pytest.mark.parametrize(
    ("marker", "names", "counted"),
    [
        (True, ["backup.manifest", "base/1"], True),
        (True, ["PG_VERSION", "base/1"], True),
        (True, ["base/1"], False),
        (False, ["PG_VERSION", "base/1"], False),
    ],
)
def test_only_what_can_be_completed_counts_as_done(
    repository: Repository, marker: bool, names: list[str], counted: bool
) -> None:
    for name in names:
        lay(repository.data / name, 2 * GIB if name == "base/1" else 0)
    if marker:
        repository.target.mark(JOB)
    assert required(repository) == {"/": NEEDED - (2 * GIB if counted else 0)}


def test_never_needs_less_than_nothing(repository: Repository) -> None:
    lay(repository.data / "PG_VERSION", 5 * GIB)
    repository.target.mark(JOB)
    assert required(repository, GIB) == {"/": 0}


def test_what_a_server_replays_needs_nothing_more(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    restored(repository)
    monkeypatch.setattr(type(repository.target), "server", 4711)
    assert required(repository) == {}


@pytest.mark.parametrize(("agreed", "copies"), [(False, 1), (True, 0)])
def test_in_place_what_lies_there_counts_and_so_does_its_copy(
    repository: Repository, agreed: bool, copies: int
) -> None:
    lay(repository.data / "base" / "1", 4 * GIB)
    repository.in_place = InPlace(f"write over {repository.data}" if agreed else "")
    assert required(repository) == {"/": NEEDED - 4 * GIB + copies * 4 * GIB}
    assert required(repository, GIB) == {"/": copies * 4 * GIB}, "what is too much gives no room for the copy"


def test_in_place_a_copy_of_a_mount_point_lies_above_it(repository: Repository) -> None:
    lay(repository.data / "base" / "1", 4 * GIB)
    repository.in_place, repository.mounts = InPlace(), {repository.data: 8 * GIB}
    assert required(repository) == {str(repository.data): 8 * GIB, "/": 4 * GIB}
    repository.free = 4 * GIB - 1
    with pytest.raises(
        RestoreError, match=rf"mounted at / has .* the restore needs 4.0 GiB there for a copy of {repository.data};"
    ):
        repository.room.require(10 * GIB, JOB)


# --- tablespaces ---


@pytest.fixture
def places(repository: Repository, tmp_path: Path) -> tuple[Path, Path]:
    """Give the places of two tablespaces, of 2 GiB and 3 GiB, which belong to the 10 GiB of the database."""
    one, other = tmp_path / "one", tmp_path / "other"
    repository.tablespaces = {one: 2 * GIB, other: 3 * GIB}
    return one, other


DATA, ONE, OTHER = 5 * GIB + 5 * GIB // 10 + GIB, 2 * GIB + 2 * GIB // 10, 3 * GIB + 3 * GIB // 10


def test_tablespaces_beside_the_data_need_what_they_would_within_it(
    repository: Repository, places: tuple[Path, Path]
) -> None:
    (each,) = repository.room.needed(10 * GIB, JOB)
    assert each.required_bytes == DATA + ONE + OTHER == pytest.approx(NEEDED, abs=2)


@pytest.mark.parametrize(
    ("mounted", "needed"),
    [
        ([0], [DATA + OTHER, ONE]),
        ([1], [DATA + ONE, OTHER]),
        ([0, 1], [DATA, ONE, OTHER]),
    ],
)
def test_each_tablespace_counts_on_its_own_file_system(
    repository: Repository, places: tuple[Path, Path], mounted: list[int], needed: list[int]
) -> None:
    repository.mounts = {places[number]: 100 * GIB for number in mounted}
    assert required(repository) == dict(zip(["/", *map(str, repository.mounts)], needed, strict=True))


def test_two_tablespaces_on_one_file_system_share_its_room(
    repository: Repository, places: tuple[Path, Path], tmp_path: Path
) -> None:
    repository.tablespaces = {tmp_path / "srv" / "one": 2 * GIB, tmp_path / "srv" / "other": 3 * GIB}
    repository.mounts = {tmp_path / "srv": 100 * GIB}
    assert required(repository) == {"/": DATA, str(tmp_path / "srv"): ONE + OTHER}


def test_one_file_system_that_is_mounted_twice_has_its_room_once(
    repository: Repository, places: tuple[Path, Path]
) -> None:
    def mounted(path: Path) -> FileSystem:
        return FileSystem(7, path if path in places else Path("/"), 20 * GIB)

    (needed,) = RestoreRoom(repository.target, mounted).needed(10 * GIB, JOB)
    assert (needed.system.mount, needed.required_bytes) == (Path("/"), DATA + ONE + OTHER)


def test_what_is_kept_aside_in_a_tablespaces_place_needs_no_more_room(
    repository: Repository, places: tuple[Path, Path]
) -> None:
    lay_old_data(repository)
    lay(places[0] / FOLDER / "5" / "1", GIB)
    repository.mounts = {places[0]: 100 * GIB}
    assert required(repository)[str(places[0])] == ONE


def test_what_an_interrupted_restore_brought_to_a_tablespace_counts_as_done(
    repository: Repository, places: tuple[Path, Path]
) -> None:
    killed_in_the_middle(repository)
    lay(places[0] / FOLDER / "5" / "1", GIB)
    lay(places[0] / f"{FOLDER}.before-restore-20261123T190507Z" / "5" / "1", GIB)
    repository.mounts = dict.fromkeys(places, 100 * GIB)
    needed = required(repository)
    assert [needed[str(place)] for place in places] == [ONE - GIB, OTHER]


@pytest.mark.parametrize(("agreed", "copies"), [(False, 1), (True, 0)])
def test_in_place_the_old_tablespace_counts_and_so_does_its_copy_beside_it(
    repository: Repository, places: tuple[Path, Path], agreed: bool, copies: int
) -> None:
    lay_old_data(repository)
    lay(places[0] / FOLDER / "5" / "1", GIB)
    repository.in_place = InPlace(f"write over {repository.data}" if agreed else "")
    repository.mounts = dict.fromkeys(places, 100 * GIB)
    needed = required(repository)
    assert [needed[str(place)] for place in places] == [ONE - GIB + copies * GIB, OTHER]


# --- refused ---


def test_returns_what_is_needed_where_it_is_there(repository: Repository, places: tuple[Path, Path]) -> None:
    repository.free, repository.mounts = DATA + OTHER, {places[0]: ONE}
    assert [each.facts() for each in repository.room.require(10 * GIB, JOB)] == [
        {"mount": "/", "free_bytes": DATA + OTHER, "required_bytes": DATA + OTHER},
        {"mount": str(places[0]), "free_bytes": ONE, "required_bytes": ONE},
    ]


def test_a_full_disk_of_the_data_is_no_obstacle_to_room_on_that_of_a_tablespace_nor_the_other_way_round(
    repository: Repository, places: tuple[Path, Path]
) -> None:
    one, other = places
    repository.free, repository.mounts = 1000 * GIB, {one: ONE - GIB // 2}
    with pytest.raises(RestoreError) as refused:
        repository.room.require(10 * GIB, JOB)
    assert str(refused.value) == (
        f"the file system mounted at {one} has 1.7 GiB free, the restore needs 2.2 GiB there for tablespace {one}; "
        "free 0.5 GiB more or mount a larger disk there. Nothing was changed"
    )
    repository.free, repository.mounts = DATA + OTHER - GIB, {one: 1000 * GIB}
    with pytest.raises(RestoreError) as refused:
        repository.room.require(10 * GIB, JOB)
    assert str(refused.value) == (
        f"the file system mounted at / has 8.8 GiB free, the restore needs 9.8 GiB there for {repository.data} and tablespace {other}; "
        "free 1.0 GiB more or mount a larger disk there. Nothing was changed"
    )


def test_every_file_system_without_room_is_named_at_once(repository: Repository, places: tuple[Path, Path]) -> None:
    repository.free, repository.mounts = GIB, {places[0]: GIB, places[1]: 100 * GIB}
    with pytest.raises(RestoreError) as refused:
        repository.room.require(10 * GIB, JOB)
    first, second = str(refused.value).split("; and ")
    assert first.startswith("the file system mounted at / has 1.0 GiB free, the restore needs 6.5 GiB there for ")
    assert second.startswith(
        f"the file system mounted at {places[0]} has 1.0 GiB free, the restore needs 2.2 GiB there"
    )
    assert str(places[1]) not in str(refused.value)
    assert second.endswith("there. Nothing was changed")


def test_what_needs_nothing_more_is_not_blamed(repository: Repository, places: tuple[Path, Path]) -> None:
    killed_in_the_middle(repository)
    lay(places[1] / FOLDER / "5" / "1", 9 * GIB)
    repository.free = GIB
    with pytest.raises(RestoreError) as refused:
        repository.room.require(10 * GIB, JOB)
    assert f" there for {repository.data} and tablespace {places[0]}; free " in str(refused.value)


def test_only_in_place_somebody_may_agree_to_keep_no_copy(repository: Repository, places: tuple[Path, Path]) -> None:
    lay_old_data(repository)
    repository.free = 0
    for in_place, offered in ((None, False), (InPlace(), True), (InPlace(f"write over {repository.data}"), False)):
        repository.in_place = in_place
        with pytest.raises(RestoreError) as refused:
            repository.room.require(10 * GIB, JOB)
        assert (f"-e 'restore_delta_confirm=\"write over {repository.data}\"'" in str(refused.value)) is offered
