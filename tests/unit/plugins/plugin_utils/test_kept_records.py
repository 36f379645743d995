"""Records on the controller while the ops host is away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.kept_records import forget, keep, kept, readable


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the place of the records, in a folder that is not there yet."""
    return tmp_path / "state" / "records.jsonl"


def test_records_are_kept_in_order_and_private_to_their_owner(file: Path) -> None:
    assert kept(file) == []
    keep(file, {"run_id": "1", "reason": "数据库主机丢失"})
    keep(file, {"run_id": "2"})
    assert [json.loads(line)["run_id"] for line in kept(file)] == ["1", "2"]
    assert "数据库主机丢失" in kept(file)[0]
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_in_the_ledger_is_put_aside_and_what_came_meanwhile_stays(file: Path) -> None:
    keep(file, {"run_id": "1"})
    lines = kept(file)
    keep(file, {"run_id": "2"})
    forget(file, lines)
    assert [json.loads(line)["run_id"] for line in kept(file)] == ["2"]
    assert file.with_suffix(".imported.jsonl").read_text() == '{"run_id": "1"}\n'


def test_a_line_that_a_killed_run_left_unfinished_is_no_record(file: Path) -> None:
    keep(file, {"run_id": "1"})
    with file.open("a") as stream:
        stream.write('{"run_id": "2"')
    assert [json.loads(line)["run_id"] for line in kept(file)] == ["1"]
    keep(file, {"run_id": "3"})
    assert [json.loads(line)["run_id"] for line in kept(file)] == ["1", "3"]


def test_what_is_no_record_is_put_aside_to_the_byte(file: Path) -> None:
    keep(file, {"run_id": "1"})
    with file.open("ab") as stream:
        stream.write(b"\xff\xfe no text\n")
    lines = kept(file)
    assert [readable(line) for line in lines] == [lines[0], "no UTF-8"]
    keep(file, {"run_id": "2"})
    aside = forget(file, lines[:1], lines[1:])
    assert aside.name == "records.rejected.jsonl"
    assert aside.read_bytes() == b"\xff\xfe no text\n"
    assert aside.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line)["run_id"] for line in kept(file)] == ["2"]
    assert file.with_suffix(".imported.jsonl").read_text() == '{"run_id": "1"}\n'
