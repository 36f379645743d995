"""The files of a work: private, exact, and word of how it ended."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.work_folder import (
    ENDED_SCRIPT,
    TAIL_BYTES,
    Work,
    WorkError,
    judged,
    last_line,
    lay,
    run_script,
    tail,
    text_of,
    unit_name,
)

RUN_ID = "20261125-033000-3f9a2c"
HOSTILE = 'it\'s $HOME `id` "%n" \\\n; 中文'


def work(program: str = "print('hello')", **environment: str) -> Work:
    return Work(RUN_ID, "a.b.slow", "slow thing", program, "f1", ("/usr/bin/env", "python3"), environment)


def test_a_run_id_names_its_unit() -> None:
    assert unit_name(RUN_ID) == "traumalink-20261125-033000-3f9a2c.service"


@pytest.mark.parametrize("odd", ["", "..", "../x", f"{RUN_ID}\n", f"{RUN_ID} --user", RUN_ID.upper(), "--help"])
def test_what_is_no_run_id_never_becomes_a_path_or_an_option(odd: str) -> None:
    with pytest.raises(WorkError, match="is no run id; it looks like 20261125-033000-3f9a2c"):
        unit_name(odd)


def test_only_the_owner_can_look_into_the_files(tmp_path: Path) -> None:
    folder = tmp_path / RUN_ID
    lay(folder, work(), "the script", 5.0)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert (folder / "program").read_text() == "print('hello')"


def test_the_script_runs_the_program_with_its_variables_to_the_letter(tmp_path: Path) -> None:
    folder = tmp_path / "with 'quotes'"
    program = "import os, sys\nprint(os.environ['odd'], end='')\nprint(os.environ['TRAUMALINK_WORK'], file=sys.stderr)\nsys.exit(3)"
    asked = work(program, odd=HOSTILE)
    lay(folder, asked, run_script(folder, asked), 5.0)
    done = subprocess.run(["/bin/sh", str(folder / "run")], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"", b"")
    assert text_of(folder / "output") == HOSTILE
    assert text_of(folder / "errors") == f"{RUN_ID}\n"


@pytest.mark.parametrize("name", ["", "A B", "A;id", "1A", "A\n"])
def test_a_variable_with_an_odd_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkError, match="has an odd name; use letters, digits and _"):
        run_script(tmp_path, work(**{name: "x"}))


def test_the_end_is_noted_and_the_secrets_are_gone(tmp_path: Path) -> None:
    lay(tmp_path / "a", work(), "the script", 5.0)
    said = {"SERVICE_RESULT": "signal", "EXIT_CODE": "killed", "EXIT_STATUS": "KILL", "PATH": "/usr/bin:/bin"}
    subprocess.run(["/bin/sh", "-c", ENDED_SCRIPT, "sh", str(tmp_path / "a")], env=said, check=True)
    *words, uptime = text_of(tmp_path / "a" / "ended").split()
    assert words == ["signal", "killed", "KILL"]
    assert float(uptime) > 0
    assert (tmp_path / "a" / "ended").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"ended", "ended.sh", "errors", "output", "work.json"}


@pytest.mark.parametrize(
    ("ended", "reason", "state", "how"),
    [
        ("success exited 0 9", "", "succeeded", ""),
        ("success exited 0 9", "too late", "succeeded", ""),
        ("exit-code exited 1 9", "", "failed", "ended with status 1"),
        ("exit-code exited 1 9", "it was\nasked", "killed", "was ended on request: it was asked"),
        ("signal killed KILL 9", "", "killed", "was killed by signal KILL"),
        ("core-dump dumped SEGV 9", "", "killed", "was killed by signal SEGV"),
        ("success killed TERM 9", "recovery", "killed", "was ended on request: recovery"),
        ("oom-kill killed KILL 9", "", "killed", "was killed because the host ran out of memory"),
        ("", "", "killed", "is gone and left no word of its end"),
        ("success exited", "", "killed", "is gone and left no word of its end"),
    ],
)
def test_tells_how_it_ended(ended: str, reason: str, state: str, how: str) -> None:
    assert judged(ended.split(), reason) == (state, how)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("\n \n", ""),
        ("one\ntwo\n\n", "two"),
        ("10 %\r20 %\r", "20 %"),
        ("\x1b[31mred\x1b[0m\n", "?[31mred?[0m"),
        ("x" * 300, "x" * 200),
    ],
)
def test_progress_is_the_last_line_fit_for_a_terminal(text: str, line: str) -> None:
    assert last_line(text) == line


def test_of_a_long_text_only_the_end_is_read(tmp_path: Path) -> None:
    assert tail(tmp_path / "missing") == ""
    (tmp_path / "a").write_text("x" * TAIL_BYTES + "end")
    assert tail(tmp_path / "a") == "x" * (TAIL_BYTES - 3) + "end"
