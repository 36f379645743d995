"""The program of the restore matrix, without a lab: what it tries, what it does after one that failed, and what it says."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from restore_combinations import Combination

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Load the program of the matrix, which reaches no lab, and tells its story at once."""
    monkeypatch.setenv("LAB_NAME", "nowhere")
    for name in ("SOAK_MATRIX", "SOAK_SEED"):
        monkeypatch.delenv(name, raising=False)
    spec = importlib.util.spec_from_file_location("matrix_program", ROOT / "tests" / "faults" / "restore_matrix.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "OUTPUT", tmp_path)
    for name, stand_in in {
        "release": lambda: "bookworm",
        "tell": lambda: "the story",
        "nothing_is_left": lambda: None,
        "forget_what_was_kept": lambda: None,
        "try_out": lambda *_: {"rto_seconds": "7.5"},
    }.items():
        monkeypatch.setattr(module, name, stand_in)
    return module


def written(folder: Path) -> Any:
    """Return what a run has written down."""
    (file,) = folder.iterdir()
    return json.loads(file.read_text(encoding="utf-8"))


def test_a_seed_repeats_order_and_rows_of_one_alone_too(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOAK_SEED", "4711")
    assert program.main([]) == 0
    assert "SOAK_SEED=4711, 20 ways of restoring on bookworm" in capsys.readouterr().out
    first = written(tmp_path)
    assert program.main([]) == 0
    assert [(each["combination"], each["row"]) for each in written(tmp_path)["tried"]] == [
        (each["combination"], each["row"]) for each in first["tried"]
    ]
    assert {each["rto_seconds"] for each in first["tried"]} == {7.5}
    assert program.main(["time,new,delta"]) == 0
    (alone,) = written(tmp_path)["tried"]
    assert alone["row"] == next(each["row"] for each in first["tried"] if each["combination"] == "time,new,delta")


def test_after_one_that_failed_the_story_is_brought_back_and_the_rest_is_tried(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    brought_back: list[str] = []

    def try_out(combination: Combination, *_: object) -> dict[str, str]:
        assert combination.kind != "lsn" or combination.host == "same", "rows: [1], not [1, 2]"
        return {"rto_seconds": "1"}

    monkeypatch.setattr(program, "try_out", try_out)
    monkeypatch.setattr(program, "bring_the_story_back", brought_back.append)
    assert program.main(["lsn"]) == 1
    faults = {each["combination"]: each["fault"] for each in written(tmp_path)["tried"]}
    assert {name: fault.split("\n")[0] for name, fault in faults.items()} == {
        "lsn,same,delta": "", "lsn,same,empty": "", "lsn,new,delta": "rows: [1], not [1, 2]", "lsn,new,empty": "rows: [1], not [1, 2]",
    }  # fmt: skip
    assert brought_back in (["the story"], ["the story"] * 2), "behind the last one nothing is needed"
    assert "rows: [1], not [1, 2]" in capsys.readouterr().out


def test_what_cannot_be_tried_any_more_is_told(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **_named: object) -> None:
        raise RuntimeError("db1 cannot be reached")

    monkeypatch.setattr(program, "try_out", fail)
    monkeypatch.setattr(program, "take_the_place", fail)
    assert program.main(["end"]) == 1
    told = written(tmp_path)
    assert told["stopped"] == "db1 cannot be reached"
    assert [each["fault"] for each in told["tried"]] == ["db1 cannot be reached", "not run", "not run", "not run"]
