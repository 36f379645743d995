"""Looking into archived WAL: fetched, compared with its checksum, read with what follows it; and nothing of it stays."""

from __future__ import annotations

import hashlib
import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import BackupError, PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from ansible_collections.traumalink.ops.plugins.module_utils.wal_archive import Archived
from ansible_collections.traumalink.ops.plugins.module_utils.wal_reader import LookError, WalReader, place

AT = datetime(2026, 11, 29, 1, 0, tzinfo=UTC)
ME = pwd.getpwuid(os.geteuid()).pw_name
COMMIT = (
    "rmgr: Transaction len (rec/tot): 34/ 34, tx: {xid}, lsn: {lsn}, prev 0/0, desc: COMMIT 2026-11-29 01:02:03 UTC\n"
)


@dataclass
class Host:
    """A repository whose files say what they are, and programs that unpack and print them."""

    dumps: dict[str, Completed] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __call__(self, argv: Sequence[str], **options: Any) -> Completed:
        self.calls.append(list(argv))
        assert options["user"] == ME
        if argv[0] == "/bin/sh":
            destination, command = Path(argv[4]), list(argv[5:])
            if command[0] == "pgbackrest":
                name = command[-1].rsplit("/", 1)[-1]
                if "gone" in name:
                    return Completed((), 55, "", "ERROR: [055]: unable to load\n")
                self.fetched.append(name[:24])
                destination.write_text(f"packed {name[:24]}")
            else:
                assert command[:2] in (["zstd", "-dc"], ["gzip", "-dc"])
                destination.write_text(Path(command[2]).read_text().removeprefix("packed "))
            return Completed((), 0, "", "")
        assert options["environment"] == {"TZ": "UTC"}
        folder = Path(next(word for word in argv if word.startswith("--path=")).removeprefix("--path="))
        names = [word for word in argv if len(word) == 24]
        assert all((folder / name).exists() for name in names)
        return self.dumps.get(names[0] if names else "start", Completed((), 0, "", ""))


def archived(number: int, timeline: int = 1, suffix: str = ".zst", content: str = "") -> Archived:
    name = segment_name(timeline, number)
    sha1 = hashlib.sha1((content or name).encode(), usedforsecurity=False).hexdigest()
    return Archived(name, 1000, AT, sha1, f"15-1/{name[:16]}/{name}-{sha1}{suffix}")


@pytest.fixture
def host() -> Host:
    """Give the repository's host."""
    return Host()


@pytest.fixture
def reader(host: Host, tmp_path: Path) -> WalReader:
    """Give what reads its WAL."""
    return WalReader(PgBackRest(host, "lab", ME, running=list), tmp_path, Path("/usr/lib/postgresql/15/bin"))


def test_reads_a_segment_with_the_one_that_follows_and_keeps_only_what_begins_in_it(
    host: Host, reader: WalReader
) -> None:
    text = COMMIT.format(xid=7, lsn="0/5FFFFF0") + COMMIT.format(xid=8, lsn="0/6000100")
    host.dumps[segment_name(1, 5)] = Completed((), 0, text, "")
    assert [end.xid for end in reader.segment(archived(5), archived(6)).ends] == [7]
    dump = next(argv for argv in host.calls if argv[0].endswith("pg_waldump"))
    assert dump == [
        "/usr/lib/postgresql/15/bin/pg_waldump", f"--path={reader.folder}", "--rmgr=Transaction", "--rmgr=XLOG",
        segment_name(1, 5), segment_name(1, 6),
    ]  # fmt: skip
    assert reader.looked == {segment_name(1, 5)}
    calls = len(host.calls)
    reader.segment(archived(5), archived(6))
    assert len(host.calls) == calls, "what was read is known"


def test_fetches_each_segment_once_on_its_way_and_keeps_few(host: Host, reader: WalReader) -> None:
    for number in range(5, 15):
        reader.segment(archived(number), archived(number + 1))
    assert host.fetched == [segment_name(1, number) for number in range(5, 16)]
    assert len(list(reader.folder.glob("?" * 24))) <= 3
    reader.last_record(archived(5))
    assert host.fetched[-1] == segment_name(1, 5)


def test_another_timelines_file_takes_the_place_of_the_first_ones(host: Host, reader: WalReader) -> None:
    reader.segment(archived(5), None)
    reader.segment(archived(5, timeline=2), None)
    assert host.fetched == [segment_name(1, 5), segment_name(2, 5)]
    assert (reader.folder / segment_name(1, 5)).read_text() == segment_name(2, 5)


@pytest.mark.parametrize("suffix", [".zst", ".gz", ""])
def test_unpacks_what_is_packed(host: Host, reader: WalReader, suffix: str) -> None:
    content = f"packed {segment_name(1, 5)}" if not suffix else ""
    reader.segment(archived(5, suffix=suffix, content=content), None)
    assert reader.looked


def test_a_segment_that_is_not_what_was_archived_is_refused(host: Host, reader: WalReader) -> None:
    with pytest.raises(LookError, match=f"WAL segment {segment_name(1, 5)} in the repository is not what was archived"):
        reader.segment(archived(5, content="other"), None)


def test_a_segment_that_cannot_be_fetched_is_an_error(reader: WalReader) -> None:
    gone = Archived(segment_name(1, 5), 1, AT, "", "15-1/0000000100000000/gone.zst")
    with pytest.raises(BackupError, match=r"fetching WAL segment 0+1\d+ failed: \[055\]"):
        reader.segment(gone, None)


@pytest.mark.parametrize(
    ("said", "end_of_wal"),
    [
        (
            "pg_waldump: error: error in WAL record at 0/6000100: invalid record length at 0/6000130: wanted 24, got 0",
            True,
        ),
        ("pg_waldump: error: error in WAL record at 0/5FFFFE0: invalid magic number 0000 in WAL segment", True),
        ("pg_waldump: error: could not find a valid record after 0/5000000", True),
        ("pg_waldump: error: error in WAL record at 0/4000100: incorrect resource manager data checksum", False),
        ("pg_waldump: error: could not open directory", False),
    ],
)
def test_the_end_of_the_wal_is_no_damage(host: Host, reader: WalReader, said: str, end_of_wal: bool) -> None:
    text = COMMIT.format(xid=7, lsn="0/5000100")
    host.dumps[segment_name(1, 5)] = Completed((), 1, text, said)
    if end_of_wal:
        assert [end.xid for end in reader.segment(archived(5), archived(6)).ends] == [7]
        return
    with pytest.raises(LookError, match="cannot be read: pg_waldump: error"):
        reader.segment(archived(5), archived(6))


def test_finds_the_last_record_and_whether_one_begins_behind_a_position(host: Host, reader: WalReader) -> None:
    host.dumps[segment_name(1, 5)] = Completed((), 0, COMMIT.format(xid=7, lsn="0/5000100"), "")
    assert reader.last_record(archived(5)) == 0x5000100
    assert reader.record_from(0x5000200, archived(5), None) is False
    assert host.calls[-1][1:] == [
        f"--path={reader.folder}",
        "--start=0/5000200",
        "--limit=1",
        "--timeline=1",
        "--end=0/6000000",
    ]
    host.dumps["start"] = Completed((), 0, COMMIT.format(xid=7, lsn="0/5000100"), "")
    assert reader.record_from(0x50000F0, archived(5), None) is True


def test_says_what_is_not_installed(reader: WalReader, tmp_path: Path) -> None:
    assert WalReader(reader.engine, tmp_path, tmp_path / "15").missing == f"{tmp_path}/15/pg_waldump is not installed"


def test_nothing_stays_of_what_was_looked_at_nor_of_a_look_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "processes" / "42").mkdir(parents=True)
    for left in ("wal-41", "wal-42", "other"):
        (tmp_path / "places" / left).mkdir(parents=True)
    with place(ME, tmp_path / "places", tmp_path / "processes") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "segment").write_text("patients")
        assert {path.name for path in (tmp_path / "places").iterdir()} == {folder.name, "wal-42", "other"}
    assert not folder.exists()
