"""What a database says of the WAL that it archives."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_server import Server, ServerError
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archiving import Archiving, look, spooled_error

SEGMENT, AT = "00000001000000000000000D", "2026-11-25 04:01:07 UTC"
FULL = "raised from remote-0 tls protocol on 'ops1': unable to write '/var/lib/pgbackrest/x':\n[28] No space left on device"


def spool(tmp_path: Path, **errors: str) -> Path:
    """Lay errors into pgBackRest's queue, each newer than the one before; return the spool."""
    folder = tmp_path / "archive" / "lab" / "out"
    folder.mkdir(parents=True)
    for age, (name, text) in enumerate(errors.items()):
        (folder / f"{name}.error").write_text(text)
        os.utime(folder / f"{name}.error", (1000 + age, 1000 + age))
    (folder / f"{SEGMENT}.ok").write_text("")
    return tmp_path


def test_tells_which_segment_failed_when_and_why(runner: Any, tmp_path: Path) -> None:
    runner.on("psql", "5433", out=f"7711173079095454119\x1f3\x1ft\x1f{SEGMENT}\x1f{AT}\n")
    state = look(Server(runner, 5433), "lab", spool(tmp_path, old="25\nolder", **{SEGMENT: f"80\n{FULL}"}))
    assert (state.system_id, state.waiting) == (7711173079095454119, 3)
    assert state.words("lab") == (
        f"PostgreSQL failed to archive {SEGMENT} at {AT}: [080]: raised from remote-0 tls protocol on 'ops1': unable to write "
        "'/var/lib/pgbackrest/x': [28] No space left on device. 3 WAL segments wait there, and go by themselves once the cause is gone; "
        "then run again"
    )


def test_where_the_engine_left_no_error_its_log_is_named(runner: Any, tmp_path: Path) -> None:
    runner.on("psql", out=f"7\x1f1\x1ft\x1f{SEGMENT}\x1f{AT}\n")
    words = look(Server(runner), "lab", tmp_path).words("lab")
    assert f"{SEGMENT} at {AT}: the reason stands in /var/log/pgbackrest/lab-archive-push-async.log. 1 WAL" in words


@pytest.mark.parametrize("row", ["7\x1f12\x1ff\x1f\x1f\n", f"7\x1f12\x1ff\x1f{SEGMENT}\x1f{AT}\n"])
def test_a_failure_that_is_over_is_none(runner: Any, tmp_path: Path, row: str) -> None:
    runner.on("psql", out=row)
    state = look(Server(runner), "lab", spool(tmp_path, **{SEGMENT: f"80\n{FULL}"}))
    assert state == Archiving(7, 12)
    assert state.words("lab").startswith("PostgreSQL reports no failure of archiving; see /var/log/pgbackrest/lab-")
    assert "12 WAL segments wait" in state.words("lab")


def test_a_server_that_is_away_is_an_error(runner: Any) -> None:
    runner.on("psql", err="no server", status=2)
    with pytest.raises(ServerError, match="no server"):
        look(Server(runner), "lab")


def test_an_endless_error_is_cut(tmp_path: Path) -> None:
    folder = spool(tmp_path, **{"global": "5\n" + "x" * 900}) / "archive" / "lab" / "out"
    assert len(spooled_error(folder) or "") == 400
    assert spooled_error(tmp_path / "nowhere") is None
