"""How a scratch server gets its WAL: what is damaged is noticed, although engine and server say nothing. The script is really run."""

from __future__ import annotations

import hashlib
import os
import pwd
import subprocess
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.drill_fetch import Fetching

ME = pwd.getpwuid(os.geteuid()).pw_name
SEGMENT, OTHER = "000000010000000000000007", "000000010000000000000008"
CONTENT = b"wal" * 1000


@pytest.fixture
def fetching(tmp_path: Path) -> Fetching:
    """Give a way to a repository of two segments, by an engine that copies files and fails as pgBackRest does."""
    engine = tmp_path / "engine"
    engine.write_text(
        f'#!/bin/sh\n[ -e "{tmp_path}/broken" ] && exit 42\n[ -e "{tmp_path}/repository/$3" ] || exit 1\ncp "{tmp_path}/repository/$3" "$4"\n'
    )
    engine.chmod(0o755)
    (tmp_path / "repository").mkdir()
    (tmp_path / "server with space").mkdir()
    for name in (SEGMENT, OTHER, "00000002.history"):
        (tmp_path / "repository" / name).write_bytes(CONTENT)
    found = Fetching(tmp_path / "server with space", ME, [str(engine), "--stanza=lab"])
    checksum = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()  # the engine's
    found.lay({SEGMENT: checksum, OTHER: checksum})
    return found


def fetch(fetching: Fetching, name: str, tmp_path: Path) -> int:
    """Run the command as PostgreSQL does; return its status."""
    target = tmp_path / "brought"
    command = fetching.command.replace("%f", name).replace("%p", str(target))
    return subprocess.run(["/bin/sh", "-c", command], check=False).returncode


def test_a_whole_segment_is_brought_and_nothing_said(fetching: Fetching, tmp_path: Path) -> None:
    assert fetch(fetching, SEGMENT, tmp_path) == 0
    assert (tmp_path / "brought").read_bytes() == CONTENT
    assert fetching.damaged() == []


def test_a_segment_that_is_not_there_is_how_wal_ends(fetching: Fetching, tmp_path: Path) -> None:
    assert fetch(fetching, "000000010000000000000009", tmp_path) == 1
    assert fetching.damaged() == []


def test_one_changed_byte_is_noticed_and_the_server_may_judge_it(fetching: Fetching, tmp_path: Path) -> None:
    (tmp_path / "repository" / SEGMENT).write_bytes(CONTENT[:-1] + b"x")
    assert fetch(fetching, SEGMENT, tmp_path) == 0
    assert fetch(fetching, SEGMENT, tmp_path) == 0
    assert fetch(fetching, OTHER, tmp_path) == 0
    assert fetching.damaged() == [f"WAL segment {SEGMENT} is not what was archived"]


def test_a_segment_that_cannot_be_read_is_named(fetching: Fetching, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    assert fetch(fetching, SEGMENT, tmp_path) == 42
    assert fetching.damaged() == [f"WAL segment {SEGMENT} cannot be read (pgbackrest: 42)"]


def test_a_history_has_no_checksum(fetching: Fetching, tmp_path: Path) -> None:
    assert fetch(fetching, "00000002.history", tmp_path) == 0
    assert fetching.damaged() == []
