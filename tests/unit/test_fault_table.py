"""The table of faults in docs/development.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| .* \| `(test_\w+)` \| `([\w/]+)` \|$", re.M)


def test_each_fault_names_a_test_that_is_there() -> None:
    text = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    table = text.partition("## Faults")[2].partition("\n## ")[0]
    rows = ROW.findall(table)
    assert len(rows) == table.count("\n| ") - 1, "each row names a test and its folder"
    for name, folder in rows:
        found = [
            path for path in (ROOT / folder).rglob("test_*.py") if f"def {name}(" in path.read_text(encoding="utf-8")
        ]
        assert len(found) == 1, f"{name} in {folder}"
