"""Figures of a benchmark: a table for people, and build/bench/<name>.json for machines. Only ratios and clear bounds have a budget."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "bench"


@dataclass(frozen=True)
class Figure:
    """One figure; `budget` is what it may be at most, None for one that is only shown, such as a raw time."""

    name: str
    value: float
    unit: str
    budget: float | None = None

    @property
    def ok(self) -> bool | None:
        """Whether it keeps its budget, None where it has none."""
        return None if self.budget is None else self.value <= self.budget


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes, in seconds."""
    begun = perf_counter()
    action()
    return perf_counter() - begun


def report(name: str, title: str, figures: Sequence[Figure]) -> int:
    """Print the table, write the file, and return the exit status: 0 where every budget is kept."""
    table = Table("figure", "value", "budget", "", title=title, title_justify="left")
    for figure in figures:
        budget = "" if figure.budget is None else f"≤ {figure.budget:g}"
        table.add_row(
            figure.name,
            f"{figure.value:.6g} {figure.unit}",
            budget,
            {None: "", True: "kept", False: "MISSED"}[figure.ok],
        )
    Console().print(table)
    PLACE.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(figure), "ok": figure.ok} for figure in figures]
    path = PLACE / f"{name}.json"
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(f"Figures: {path.relative_to(ROOT)}")
    return 0 if all(figure.ok is not False for figure in figures) else 1
