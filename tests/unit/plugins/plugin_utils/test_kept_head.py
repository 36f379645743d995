"""The controller keeps the newest head of the ledger: it does not come back empty, or as another one, unnoticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.witness import HeadError
from ansible_collections.traumalink.ops.plugins.plugin_utils import kept_head


def head(sequence: int, digit: str = "a") -> dict[str, Any]:
    """Return a head as an operation has it."""
    return {"sequence": sequence, "hash": digit * 64, "at": "2026-11-25T03:40:00Z", "signature": ""}


def test_a_missing_file_is_the_first_use(tmp_path: Path) -> None:
    assert kept_head.heads(str(tmp_path / "lab" / "head.json")) == []
    assert kept_head.heads("") == []


def test_the_newest_is_kept_with_who_has_seen_it(tmp_path: Path) -> None:
    file = tmp_path / "lab" / "head.json"
    for sequence in (1, 3, 2):
        kept_head.note(str(file), head(sequence))
    assert kept_head.heads(str(file)) == [{**head(3), "seen_by": f"this controller ({file})"}]
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sequence": 0}'])
def test_a_damaged_file_is_told_and_kept(tmp_path: Path, text: str) -> None:
    file = tmp_path / "head.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(HeadError, match="is damaged; verify the ledger"):
        kept_head.heads(str(file))
    with pytest.raises(HeadError, match="is damaged"):
        kept_head.note(str(file), head(3))
    assert file.read_text(encoding="utf-8") == text


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(HeadError, match="cannot be written"):
        kept_head.note(str(tmp_path / "file" / "head.json"), head(1))
