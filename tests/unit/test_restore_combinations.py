"""The restore matrix: which combinations there are, how a part is chosen, and that what `make test` runs tries each pair, as the docs list it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from restore_combinations import HOSTS, KINDS, MODES, Combination, CombinationError, chosen, covers, every, uncovered

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ("molecule/restore", "molecule/restore_targets")
ROW = re.compile(r"^\| (\w+) \| (\w+) \| (\w+) \| `(test_\w+)` \| `([\w/]+)` \|$", re.M)

Tried = tuple[Combination, str, str]


def noted(folder: str) -> Iterator[Tried]:
    """Yield what the tests of a scenario say that they try: `@covers(…)`, or `Combination(…)` among their parameters."""
    for path in sorted((ROOT / folder / "tests").glob("test_*.py")):
        for test in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(test, ast.FunctionDef) or not test.name.startswith("test_"):
                continue
            for call in (node for decorator in test.decorator_list for node in ast.walk(decorator)):
                if isinstance(call, ast.Call) and ast.unparse(call.func) in ("covers", "Combination"):
                    yield Combination(*map(ast.literal_eval, call.args)), test.name, folder


def run_by_make_test() -> list[Tried]:
    """Return what the scenarios try."""
    return [tried for folder in SCENARIOS for tried in noted(folder)]


def test_the_matrix_holds_each_combination_once() -> None:
    matrix = every()
    assert len(set(matrix)) == len(matrix) == len(KINDS) * len(HOSTS) * len(MODES) == 20
    assert uncovered(matrix) == []


@pytest.mark.parametrize("text", ["", " ", "all"])
def test_the_whole_is_run_unless_a_part_is_chosen(text: str) -> None:
    assert chosen(text) == every()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("time,new,delta", ["time,new,delta"]),
        ("delta,time,new", ["time,new,delta"]),
        ("end,same", ["end,same,delta", "end,same,empty"]),
        ("xid", ["xid,same,delta", "xid,same,empty", "xid,new,delta", "xid,new,empty"]),
        ("name,new,empty  lsn,new,empty", ["name,new,empty", "lsn,new,empty"]),
        ("time,new time,empty", ["time,new,delta", "time,new,empty", "time,same,empty"]),
        ("none", []),
    ],
)
def test_a_part_is_chosen_by_its_words(text: str, found: list[str]) -> None:
    assert [str(combination) for combination in chosen(text)] == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,other", "no such part of the matrix: other; there are time name lsn xid end; same new; delta empty"),
        ("time,new none", "no such part of the matrix: none"),
        ("time,lsn", "no combination is all of time,lsn"),
    ],
)
def test_what_chooses_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(CombinationError, match=re.escape(said)):
        chosen(text)


@pytest.mark.parametrize("words", [("times", "new", "empty"), ("time", "empty", "new"), ("time", "new", "")])
def test_a_slip_of_the_pen_is_no_combination(words: tuple[str, str, str]) -> None:
    with pytest.raises(CombinationError, match="is none of"):
        covers(*words)


def test_names_each_pair_that_nobody_tries() -> None:
    assert uncovered([]) == [
        *((kind, host) for kind in KINDS for host in HOSTS),
        *((kind, mode) for kind in KINDS for mode in MODES),
        *((host, mode) for host in HOSTS for mode in MODES),
    ]
    left = [combination for combination in every() if "time" not in combination.words or combination.host == "same"]
    assert uncovered(left) == [("time", "new")]
    assert uncovered(combination for combination in every() if combination.words[1:] != ("new", "delta")) == [
        ("new", "delta")
    ]


def test_make_test_tries_each_pair_and_no_restore_too_many() -> None:
    tried = [combination for combination, _test, _folder in run_by_make_test()]
    assert uncovered(tried) == []
    for spared in tried:
        assert uncovered(combination for combination in tried if combination != spared), (
            f"{spared} costs a minute for nothing"
        )


def test_the_docs_list_what_the_tests_say_that_they_try() -> None:
    text = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    table = text.partition("## Restore matrix")[2].partition("\n## ")[0]
    rows = [(Combination(*words), test, folder) for *words, test, folder in ROW.findall(table)]
    assert len(rows) == table.count("| `test_") > 0
    assert sorted(rows, key=str) == sorted(run_by_make_test(), key=str)
