# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking into archived WAL: segments come out of the repository one by one, are compared with their checksum, and read with pg_waldump."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .command import Completed, Runner
from .errors import OpsError
from .pgbackrest import INTO_FILE, PgBackRest
from .wal import SEGMENT_BYTES, lsn_text, segment_name, segment_number
from .wal_archive import Archived
from .wal_records import Segment, error_at, last_position, parse_records

__all__ = ["LookError", "WalReader", "place"]

PLACES = Path("/run/traumalink")  # memory, not a disk: what lies there are patients' data
KEPT = 3  # segments that stay at hand: the one that is read, the next, and one more
UNPACK = {".zst": "zstd", ".gz": "gzip", ".bz2": "bzip2", ".lz4": "lz4"}
NOTHING = "could not find a valid record after"


class LookError(OpsError):
    """Archived WAL cannot be looked into."""


@contextmanager
def place(user: str, places: Path | None = None, processes: Path = Path("/proc")) -> Iterator[Path]:
    """Give a folder that `user` alone can enter, and leave nothing of it; nor of those whose process was killed."""
    places = places or PLACES
    places.mkdir(mode=0o755, parents=True, exist_ok=True)
    for left in places.glob("wal-*"):
        if not (processes / left.name.removeprefix("wal-")).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder, account = places / f"wal-{os.getpid()}", pwd.getpwnam(user)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class WalReader:
    """Reads segments of one database's archive.

    Attributes:
        engine: on the repository's host.
        folder: where segments lie while they are read; see `place`.
        programs: PostgreSQL's programs of the server's version.
        looked: names of the segments that were read.
    """

    engine: PgBackRest
    folder: Path
    programs: Path
    seen: dict[tuple[str, str], Segment] = field(default_factory=dict)
    looked: set[str] = field(default_factory=set)

    @property
    def runner(self) -> Runner:
        """What runs commands, as the engine's user."""
        return self.engine.runner

    @property
    def missing(self) -> str:
        """What is not installed that looking needs, "" where all is there."""
        if not (self.programs / "pg_waldump").exists():
            return f"{self.programs / 'pg_waldump'} is not installed"
        return "" if shutil.which("zstd", path="/usr/bin:/bin") else "zstd is not installed"

    def segment(self, archived: Archived, following: Archived | None) -> Segment:
        """Return what begins in a segment; a record at its end may go on in the one that follows it on the way.

        Raises:
            LookError: it is not what was archived, or cannot be read.
        """
        key = (archived.name, following.name if following else "")
        if key not in self.seen:
            first = segment_number(archived.name) * SEGMENT_BYTES
            text = self.dump(archived, following, "--rmgr=Transaction", "--rmgr=XLOG")
            self.seen[key] = parse_records(text, first, first + SEGMENT_BYTES)
            self.looked.add(archived.name)
        return self.seen[key]

    def last_record(self, archived: Archived) -> int | None:
        """Return where the last record begins that lies in a segment whole; None where none does."""
        return last_position(self.dump(archived, None))

    def record_from(self, lsn: int, archived: Archived, following: Archived | None) -> bool:
        """Tell whether a record begins at a position or after it, in its segment or the following one."""
        return last_position(self.dump(archived, following, f"--start={lsn_text(lsn)}", "--limit=1")) is not None

    def dump(self, archived: Archived, following: Archived | None, *options: str) -> str:
        """Return what pg_waldump prints of a segment and the one that follows it.

        The files get names of one timeline, whichever they are of: so it reads on where the way goes over to another.
        """
        names = [self.brought(each) for each in (archived, following) if each]
        start = [] if any(option.startswith("--start") for option in options) else [names[0]]
        argv = [str(self.programs / "pg_waldump"), f"--path={self.folder}", *options]
        if start:
            argv += [names[0], names[-1]]
        else:
            argv += ["--timeline=1", f"--end={lsn_text((segment_number(names[-1]) + 1) * SEGMENT_BYTES)}"]
        done = self.runner(argv, user=self.engine.user, environment={"TZ": "UTC"})
        if done.status != 0 and not self.ends_there(done, names):
            raise LookError(f"WAL segment {archived.name} cannot be read: {done.said[-300:]}")
        return done.stdout

    def ends_there(self, done: Completed, names: list[str]) -> bool:
        """Tell whether what pg_waldump complains of is merely that the WAL ends in the last of the segments."""
        if NOTHING in done.stderr:
            return True
        at = error_at(done.stderr)
        # It names the record before the one that is not there any more.
        return at is not None and at + SEGMENT_BYTES >= segment_number(names[-1]) * SEGMENT_BYTES

    def brought(self, archived: Archived) -> str:
        """Bring a segment out of the repository, and return its file's name.

        Raises:
            LookError: its content is not what was archived.
        """
        name = segment_name(1, segment_number(archived.name))
        path, origin = self.folder / name, self.folder / f"{name}.is"
        if path.exists() and origin.read_text(encoding="ascii") == archived.name:
            return name
        for old in sorted(self.folder.glob("?" * 24), key=lambda file: file.stat().st_mtime)[: -(KEPT - 1)]:
            old.unlink()
        packed = self.folder / f"packed{Path(archived.path).suffix}"
        self.engine.copy_out(
            f"archive/{self.engine.stanza}/{archived.path}", packed, what=f"fetching WAL segment {archived.name}"
        )
        path.unlink(missing_ok=True)
        if tool := UNPACK.get(packed.suffix):
            done = self.runner(
                ["/bin/sh", "-c", INTO_FILE, "sh", str(path), tool, "-dc", str(packed)], user=self.engine.user
            )
            packed.unlink()
        else:
            packed.rename(path)
            done = Completed((), 0, "", "")
        if done.status != 0 or (archived.sha1 and sha1(path) != archived.sha1):
            raise LookError(
                f"WAL segment {archived.name} in the repository is not what was archived{': ' + done.said[:200] if done.status else ''}; "
                "a restore ends before it. Look at the repository's disk"
            )
        origin.write_text(archived.name, encoding="ascii")
        return name


def sha1(path: Path) -> str:
    """Return the checksum that the engine has in a segment's name."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
