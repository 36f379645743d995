"""The demo ends with what stands afterwards: a newcomer knows how to use the lab and how to remove it."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

LAB = Path(__file__).resolve().parents[2] / "lab"


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the program."""
    monkeypatch.syspath_prepend(LAB)
    spec = importlib.util.spec_from_file_location("demo_program", LAB / "demo.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "down"), [("traumalink", "make lab-down"), ("mine", "LAB_NAME=mine make lab-down")])
def test_says_that_the_lab_stands_and_how_to_remove_it(
    demo: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str, down: str
) -> None:
    monkeypatch.setenv("LAB_NAME", name)
    told = io.StringIO()
    site = demo.Site(LAB, LAB)
    demo.say_what_stands(demo.Demo(site, 1, False, console=Console(file=told)))
    lines = told.getvalue().splitlines()
    assert lines[0].startswith(f"The lab '{name}' still stands")
    assert lines[-1] == f"To remove it: {down}"
    assert any("source <(tests/lab/lab.py env)" in line for line in lines)
    assert any(f"podman exec -it {name}-db1 bash" in line for line in lines)


ALL_IS_WELL = {
    "upgrade": {"failed": 0, "writes_lost": 0},
    "checksums_equal": True,
    "missing_as_expected": True,
    "acknowledged_lost": [],
}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"upgrade": {"failed": 1, "writes_lost": 0}}, "The upgrade was noticed"),
        ({"upgrade": {"failed": 0, "writes_lost": 1}}, "The upgrade was noticed"),
        ({"checksums_equal": False}, "What came back is not what was committed"),
        ({"missing_as_expected": False}, "What came back is not what was committed"),
        ({"acknowledged_lost": ["CS2026-0000001"]}, "1 writes that were acknowledged during the upgrade are not back"),
    ],
)
def test_ends_well_only_where_nobody_noticed_and_everything_is_back(
    demo: ModuleType, wrong: dict[str, object], said: str
) -> None:
    assert demo.problems_of(ALL_IS_WELL) == []
    [problem] = demo.problems_of({**ALL_IS_WELL, **wrong})
    assert said in problem
