"""Heads of a ledger on another host: kept once, never changed, and a ledger that does not fit them is named."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.witness import (
    HeadError,
    Seen,
    newest,
    note,
    put_aside,
    read,
    seen_of,
)


def head(sequence: int, letter: str = "a", minute: int | None = None) -> Seen:
    """Return a head of that number, told at that minute."""
    return Seen(sequence, letter * 64, f"2026-11-25T03:{sequence if minute is None else minute:02d}:00+00:00", "sig")


def test_heads_are_kept_in_a_folder_of_root_alone_and_once(tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    assert note("lab", [head(1), head(2)], folder) == [head(1), head(2)]
    assert note("lab", [head(2), head(3)], folder) == [head(3)]
    assert read("lab", folder) == [head(1), head(2), head(3)]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "lab.jsonl").stat().st_mode & 0o777 == 0o600
    assert read("other", folder) == []


def test_the_newest_is_read_from_the_end_however_long_the_file_is(tmp_path: Path) -> None:
    assert newest("lab", tmp_path) is None
    note(
        "lab",
        [Seen(number, "a" * 64, "2026-11-25T03:30:00Z", "s" * 400) for number in (*range(1, 299), 300, 299)],
        tmp_path,
    )
    assert (tmp_path / "lab.jsonl").stat().st_size > 100_000
    found = newest("lab", tmp_path)
    assert found
    assert found.sequence == 300, "two that were told in the other order"
    file = tmp_path / "lab.jsonl"
    text = file.read_text()
    file.write_text(text.replace("a" * 64, "a" * 63, 1))
    assert newest("lab", tmp_path) == found
    file.write_text(text[:-80] + "\n")
    with pytest.raises(HeadError, match="is damaged near its end"):
        newest("lab", tmp_path)
    file.write_bytes(b"\xff\xfe\n")
    with pytest.raises(HeadError, match="is damaged near its end"):
        newest("lab", tmp_path)


def test_heads_of_a_ledger_that_was_given_up_are_put_aside_and_never_deleted(tmp_path: Path) -> None:
    now = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
    assert put_aside("lab", now, tmp_path) == ""
    for letter, name in (("a", "lab-20261125T033000Z.jsonl"), ("b", "lab-20261125T033000Z-again.jsonl")):
        note("lab", [head(1, letter)], tmp_path)
        before = (tmp_path / "lab.jsonl").read_text()
        put_aside("lab", now, tmp_path, check=True)
        assert newest("lab", tmp_path) == head(1, letter)
        assert put_aside("lab", now, tmp_path) == name
        assert (tmp_path / name).read_text() == before
        assert read("lab", tmp_path) == []


def test_check_mode_keeps_nothing(tmp_path: Path) -> None:
    assert note("lab", [head(1)], tmp_path / "witness", check=True) == [head(1)]
    assert not (tmp_path / "witness").exists()


def test_a_ledger_that_was_rebuilt_is_named(tmp_path: Path) -> None:
    note("lab", [head(1), head(2)], tmp_path)
    with pytest.raises(HeadError, match=f"entry 2 had hash {'a' * 64} at 2026-11-25T03:02:00.* and has {'b' * 64} now"):
        note("lab", [head(2, "b")], tmp_path)
    assert read("lab", tmp_path) == [head(1), head(2)]


def test_a_ledger_whose_end_was_cut_off_is_named(tmp_path: Path) -> None:
    note("lab", [head(1), head(9)], tmp_path)
    with pytest.raises(HeadError, match="shorter than it was: it ends with entry 5, and entry 9 was seen at"):
        note("lab", [head(5, minute=30)], tmp_path)


def test_two_operations_that_close_at_the_same_moment_may_tell_their_heads_in_any_order(tmp_path: Path) -> None:
    note("lab", [head(1), head(3)], tmp_path)
    assert note("lab", [head(2)], tmp_path) == [head(2)]


def test_an_unfinished_line_is_what_a_killed_run_left(tmp_path: Path) -> None:
    note("lab", [head(1)], tmp_path)
    with (tmp_path / "lab.jsonl").open("a") as stream:
        stream.write('{"sequence": 2')
    assert read("lab", tmp_path) == [head(1)]
    note("lab", [head(3)], tmp_path)
    assert read("lab", tmp_path) == [head(1), head(3)]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    note("lab", [head(1), head(2)], tmp_path)
    file = tmp_path / "lab.jsonl"
    file.write_text(file.read_text().replace("a" * 64, "a" * 63, 1))
    with pytest.raises(HeadError, match=r"lab\.jsonl line 1 is damaged"):
        read("lab", tmp_path)


@pytest.mark.parametrize(
    "data",
    [None, {}, {"sequence": 0, "hash": "a" * 64, "at": "x"}, {"sequence": 1, "hash": "short", "at": "x"}, "text"],
)
def test_what_is_no_head_is_refused(data: object) -> None:
    with pytest.raises(HeadError, match="is no head of a ledger"):
        seen_of(data)


def test_several_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    def told(first: int) -> None:
        for number in range(first, first + 40):
            note("lab", [Seen(number, "a" * 64, "2026-11-25T03:30:00Z")], tmp_path)

    writers = []
    for first in (1, 101, 201, 301):
        child = os.fork()
        if child == 0:
            try:
                told(first)
                os._exit(0)
            finally:
                os._exit(1)
        writers.append(child)
    assert [os.waitpid(child, 0)[1] for child in writers] == [0, 0, 0, 0]
    assert len(read("lab", tmp_path)) == 160
