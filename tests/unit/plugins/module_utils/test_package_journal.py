"""What the last patching of a host has replaced, written down before it began."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.package_journal import (
    Change,
    PackageError,
    conclude,
    note,
    read_journal,
)

LIB, NEW = Change("lib", "amd64", "1", "2"), Change("new", "amd64", "", "1")


def test_a_second_step_of_a_run_adds_to_what_was_written_down_and_another_run_begins_anew(tmp_path: Path) -> None:
    journal = tmp_path / "applied.json"
    note([LIB], "r1", journal)
    note([NEW], "r1", journal)
    assert read_journal(journal)["changes"] == [LIB, NEW]
    note([NEW], "r2", journal)
    assert read_journal(journal) == {"run_id": "r2", "open": True, "changes": [NEW]}


def test_what_was_seen_to_work_is_concluded_once(tmp_path: Path) -> None:
    journal = tmp_path / "applied.json"
    note([LIB], "r1", journal)
    assert not conclude("another", journal)
    assert conclude("r1", journal, check=True)
    assert read_journal(journal)["open"]
    assert conclude("r1", journal)
    assert not conclude("r1", journal)
    assert not read_journal(journal)["open"]


def test_without_a_patching_there_is_nothing_to_take_back(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "applied.json") == {"run_id": "", "open": False, "changes": []}


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "applied.json").write_text("{", encoding="utf-8")
    with pytest.raises(PackageError, match="is damaged"):
        read_journal(tmp_path / "applied.json")


def test_the_old_file_is_named_as_apt_names_it() -> None:
    assert Change("libc6:i386", "i386", "1:2.36-9", "1:2.36-10").old_file == "libc6_1%3a2.36-9_i386.deb"
