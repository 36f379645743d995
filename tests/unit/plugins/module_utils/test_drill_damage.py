"""Which file of a repository is damaged. The texts are real ones, of version 2.45."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.drill_damage import damaged_copies, damaged_files
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import Backup, PgBackRest

FULL, INCREMENT = "20261125-082744F", "20261125-082744F_20261125-090000I"
VERIFIED = f"""\
2026-11-25 08:20:53.365 P00   INFO: verify command begin 2.45: --stanza=lab
2026-11-25 08:20:53.470 P02   INFO: invalid checksum '{FULL}/pg_data/base/4/2704.zst'
2026-11-25 08:20:53.826 P02   INFO: file missing '20261101-000000F/pg_data/base/1/1.zst'
2026-11-25 08:20:53.686 P00   INFO: stanza: lab
                                    status: error
"""
SAID = "[029]: raised from local-2 protocol: zst error: [-20] Data corruption detected"


def backup(label: str, prior: str | None = None) -> Backup:
    return Backup(label, "full", prior, "", "", 2, "", "", "5", "6", 1, 1, 1, False)


def engine(runner: Any) -> PgBackRest:
    return PgBackRest(runner, "lab", "traumalink-drill", running=list)


@pytest.mark.parametrize(("label", "prior"), [(FULL, None), (INCREMENT, FULL)])
def test_names_file_and_set_also_where_the_set_only_builds_on_it(runner: Any, label: str, prior: str | None) -> None:
    runner.on("verify", out=VERIFIED)
    assert damaged_files(engine(runner), backup(label, prior), SAID) == (
        f"backup {label} cannot be restored, its files are damaged or gone: {FULL}/pg_data/base/4/2704.zst (invalid checksum); {SAID}"
    )


def test_what_the_engine_said_stands_where_it_finds_nothing(runner: Any) -> None:
    runner.on("verify", err="ERROR: [055]: no", status=55)
    assert damaged_files(engine(runner), backup(FULL), SAID) == f"backup {FULL} cannot be restored: {SAID}"


def test_many_files_are_counted(runner: Any) -> None:
    runner.on("verify", out="".join(f"INFO: file missing '{FULL}/pg_data/{number}'\n" for number in range(5)))
    assert f"{FULL}/pg_data/2 (file missing) and 2 more; " in damaged_files(engine(runner), backup(FULL), SAID)


MANIFEST = f"backup/lab/{FULL}/backup.manifest"


def test_files_that_are_as_their_copies_are_whole(runner: Any) -> None:
    runner.on("repo-get", out="same")
    assert list(damaged_copies(engine(runner), FULL)) == []
    assert {argv[-1].removesuffix(".copy") for argv in runner.calls} == {
        MANIFEST,
        "backup/lab/backup.info",
        "archive/lab/archive.info",
    }


def test_a_copy_that_differs_or_cannot_be_read_is_named(runner: Any) -> None:
    runner.on("repo-get", out="same").on("repo-get", MANIFEST, out="other")
    runner.on("repo-get", "archive/lab/archive.info.copy", err="ERROR: [095]: cipher failed", status=95)
    assert list(damaged_copies(engine(runner), FULL)) == [
        f"{MANIFEST} and its copy differ: one of both is damaged",
        "archive/lab/archive.info.copy is damaged or gone: reading archive/lab/archive.info.copy failed: [095]: cipher failed",
    ]
