"""Running commands: what a command sees, and what its caller hears of it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import (
    CommandError,
    Completed,
    run,
    run_checked,
)

ME = pwd.getpwuid(os.geteuid())
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")


def test_returns_status_and_both_outputs_whatever_the_status() -> None:
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (done.argv[0], done.status, done.stdout, done.stderr) == ("sh", 3, "out\n", "err\n")


def test_passes_arguments_to_the_letter_and_never_through_a_shell() -> None:
    hostile = "a b; $(id) `id` 'x' \"y\" *"
    assert run(["printf", "%s", hostile]).stdout == hostile


def test_hands_down_nothing_of_the_callers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "secret")
    seen = dict(line.split("=", 1) for line in run(["env"]).stdout.splitlines())
    assert seen == {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def test_adds_what_the_caller_wrote_down() -> None:
    done = run(["env"], environment={"PGBACKREST_REPO1_CIPHER_PASS": "geheim", "LC_ALL": "C"})
    assert "PGBACKREST_REPO1_CIPHER_PASS=geheim\n" in done.stdout
    assert "LC_ALL=C\n" in done.stdout


def test_runs_from_the_root_folder_unless_told_otherwise(tmp_path: Path) -> None:
    assert run(["pwd"]).stdout == "/\n"
    assert run(["pwd"], directory=str(tmp_path)).stdout == f"{tmp_path}\n"


def test_stdin_is_empty_unless_given() -> None:
    assert run(["cat"], timeout_seconds=10).stdout == ""
    assert run(["cat"], stdin="密码\n").stdout == "密码\n"


def test_text_that_is_no_utf8_still_comes_back() -> None:
    assert run(["printf", r"a\377b"]).stdout == "a\ufffdb"


def test_as_oneself_only_the_home_is_added() -> None:
    seen = dict(line.split("=", 1) for line in run(["env"], user=ME.pw_name).stdout.splitlines())
    assert (seen["HOME"], seen["USER"], seen["LOGNAME"]) == (ME.pw_dir, ME.pw_name, ME.pw_name)


@only_root
def test_becomes_the_user_with_all_of_its_groups_and_its_home() -> None:
    # Whoever of this machine is in the most groups: with one group alone nothing would be seen of the others.
    account = max(pwd.getpwall(), key=lambda entry: len(os.getgrouplist(entry.pw_name, entry.pw_gid)))
    groups = os.getgrouplist(account.pw_name, account.pw_gid)
    done = run(["sh", "-c", "id -u; id -g; id -G; echo $HOME $USER"], user=account.pw_name)
    uid, gid, seen, variables = done.stdout.splitlines()
    assert (int(uid), int(gid)) == (account.pw_uid, account.pw_gid)
    assert set(map(int, seen.split())) == set(groups)
    assert variables == f"{account.pw_dir} {account.pw_name}"


def denied(tmp_path: Path) -> dict[str, Any]:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    return {"argv": [str(script)]}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda _: {"argv": ["no-such-program"]}, "no-such-program cannot be run: no-such-program does not exist"),
        (lambda _: {"argv": ["true"], "user": "no-such-user"}, "the system user no-such-user does not exist"),
        (lambda _: {"argv": ["true"], "directory": "/no/such"}, "true cannot be run: /no/such does not exist"),
        (denied, "script cannot be run: .*Permission denied"),
        (lambda _: {"argv": ["sleep", "30"], "timeout_seconds": 0.2}, "sleep did not end within 0 s and was stopped"),
    ],
)
def test_says_why_a_command_could_not_run(tmp_path: Path, call: Callable[[Path], dict[str, Any]], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(**call(tmp_path))


@pytest.mark.parametrize(
    ("stdout", "stderr", "said"),
    [("out\n", " err \n", "err"), ("out\n", "\n", "out"), ("", "", "")],
)
def test_most_telling_is_the_error_then_the_output(stdout: str, stderr: str, said: str) -> None:
    assert Completed((), 1, stdout, stderr).said == said


def test_checked_passes_options_on_and_returns_what_was_left(runner: Any) -> None:
    runner.on("true", out="done")
    assert run_checked(runner, ["true", "x"], "trying", user="postgres", timeout_seconds=5).stdout == "done"
    assert runner.options == [{"user": "postgres", "timeout_seconds": 5}]


def test_checked_names_attempt_program_status_and_reason(runner: Any) -> None:
    runner.on("initdb", err="disk full\n", status=2)
    with pytest.raises(CommandError, match=r"^creating the cluster failed: initdb ended with status 2: disk full$"):
        run_checked(runner, ["initdb"], "creating the cluster")
