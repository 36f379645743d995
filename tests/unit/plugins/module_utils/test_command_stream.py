"""Commands whose output goes on as it comes, or that are fed as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError
from ansible_collections.traumalink.ops.plugins.module_utils.command_stream import feeding, streaming


def test_all_output_comes_through() -> None:
    pieces: list[bytes] = []
    done = streaming(pieces.append)(["sh", "-c", "head -c 3000000 /dev/zero; echo oops >&2; exit 3"])
    assert sum(map(len, pieces)) == 3_000_000
    assert len(pieces) > 1
    assert (done.status, done.stderr, done.stdout) == (3, "oops\n", "")


def test_a_sink_that_fails_ends_the_command() -> None:
    def sink(_piece: bytes) -> None:
        raise CommandError("gone")

    with pytest.raises(CommandError, match="gone"):
        streaming(sink)(["sh", "-c", "yes"])


def test_all_input_goes_in(tmp_path: Path) -> None:
    target = tmp_path / "got"
    done = feeding([b"a" * 2_000_000, b"", b"end"])(["sh", "-c", 'cat >"$0"', str(target)], environment={"A": "b"})
    assert done.status == 0
    assert target.stat().st_size == 2_000_003


def test_a_command_that_ends_early_tells_by_its_status() -> None:
    assert feeding([b"a" * 1_000_000] * 3)(["sh", "-c", "exec <&-; exit 4"]).status == 4


def test_input_that_breaks_off_is_no_end_for_the_command(tmp_path: Path) -> None:
    """A command that hears the end of its input takes what it has for whole; one that is killed does not."""

    def source() -> Iterator[bytes]:
        yield b"half"
        raise CommandError("gone")

    with pytest.raises(CommandError, match="gone"):
        feeding(source())(["sh", "-c", 'cat >/dev/null; touch "$0"', str(tmp_path / "believed")])
    assert not (tmp_path / "believed").exists()


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="no-such-program cannot be run"):
        feeding([])(["no-such-program"])
