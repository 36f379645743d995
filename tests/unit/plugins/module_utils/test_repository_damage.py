"""Which files of the repository are damaged: what the engine says counts, not how it ends."""

from __future__ import annotations

from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.repository_damage import repository_damage

LABEL = "20261125-010000F"


def damage(runner: Any) -> tuple[str, ...]:
    """Return what is damaged, as the vault's configuration reaches it."""
    return repository_damage(PgBackRest(runner, "lab", "pgbackrest", options=("--config=/c",), running=list), [LABEL])


def test_a_whole_repository_has_no_damage_and_all_of_it_is_read(runner: Any) -> None:
    runner.on("repo-get", out="same").on(
        "verify", out="INFO: Results: archiveId: 15-1, total WAL checked: 9, total valid WAL: 9\n"
    )
    assert damage(runner) == ()
    assert runner.asked("verify")[0][:4] == ["pgbackrest", "--stanza=lab", "--config=/c", "--log-level-console=info"]


def test_files_are_named_although_the_engine_ends_well(runner: Any) -> None:
    said = f"WARN: invalid checksum '{LABEL}/bundle/1'\nINFO: file missing '{LABEL}/pg_data/x.zst'\nWARN: invalid checksum '{LABEL}/bundle/1'\n"
    runner.on("repo-get", out="same").on("verify", out=said)
    assert damage(runner) == (f"{LABEL}/bundle/1 (invalid checksum)", f"{LABEL}/pg_data/x.zst (file missing)")


def test_many_files_that_are_gone_do_not_hide_one_that_was_changed(runner: Any) -> None:
    gone = "".join(f"INFO: file missing '{LABEL}/pg_data/{number}.zst'\n" for number in range(40))
    runner.on("repo-get", out="same").on("verify", out=f"{gone}WARN: invalid checksum '{LABEL}/pg_data/x.zst'\n")
    found = damage(runner)
    assert found[:2] == (f"{LABEL}/pg_data/0.zst (file missing)", f"{LABEL}/pg_data/x.zst (invalid checksum)")
    assert found[-1] == "+ 31"


def test_a_manifest_that_differs_from_its_copy_is_named(runner: Any) -> None:
    runner.on("repo-get", out="same").on("repo-get", f"backup/lab/{LABEL}/backup.manifest", out="other").on("verify")
    assert damage(runner) == (f"backup/lab/{LABEL}/backup.manifest and its copy differ: one of both is damaged",)


def test_an_engine_that_fails_without_naming_a_file_is_told(runner: Any) -> None:
    runner.on("repo-get", out="same").on("verify", status=29, err="ERROR: [029]: nothing can be read")
    assert damage(runner) == ("pgbackrest verify ended with status 29: ERROR: [029]: nothing can be read",)


def test_an_error_without_a_file_is_told_although_the_engine_ends_well(runner: Any) -> None:
    said = "INFO: stanza: lab\n    status: error\n    backup info file and archive info file do not match\nP00   INFO: verify command end: completed successfully (5ms)"
    runner.on("repo-get", out="same").on("verify", out=said)
    assert damage(runner)[0].startswith("backup info file and archive info file do not match")


def test_many_files_are_counted(runner: Any) -> None:
    runner.on("repo-get", out="same").on(
        "verify", out="\n".join(f"INFO: invalid size 'x/{number}'" for number in range(14))
    )
    found = damage(runner)
    assert len(found) == 11
    assert found[-1] == "+ 4"
