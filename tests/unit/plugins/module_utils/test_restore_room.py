"""The room that a restore needs: counted before anything is changed."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.restore_job import RestoreJob
from restore_host_samples import GIB, JOB, NEEDED, OTHERS, Repository


@pytest.mark.parametrize("other", OTHERS)
def test_what_another_restore_left_does_not_count_as_done(repository: Repository, other: RestoreJob) -> None:
    repository.data.mkdir()
    repository.finish()
    repository.target.mark(other)
    assert repository.room.required_bytes(10 * GIB, JOB) == NEEDED


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
    (repository.data / "base").mkdir(parents=True)
    for name in names:
        with (repository.data / name).open("wb") as file:
            file.truncate(2 * GIB if name == "base/1" else 0)
    if marker:
        repository.target.mark(JOB)
    assert repository.room.required_bytes(10 * GIB, JOB) == NEEDED - (2 * GIB if counted else 0)


def test_never_needs_less_than_nothing(repository: Repository) -> None:
    repository.data.mkdir()
    repository.target.mark(JOB)
    with (repository.data / "PG_VERSION").open("wb") as file:
        file.truncate(5 * GIB)
    assert repository.room.required_bytes(GIB, JOB) == 0


def test_require_returns_what_is_free(repository: Repository) -> None:
    repository.free = 99 * GIB
    assert repository.room.require(10 * GIB, JOB) == 99 * GIB
