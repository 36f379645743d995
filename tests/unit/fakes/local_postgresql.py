"""A PostgreSQL server of this machine, for tests of SQL: without network, without durability, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class SqlError(Exception):
    """The server refused a statement; the message is what it said."""


def programs() -> Path | None:
    """Return the folder with the newest server's programs, as Debian lays them; None where there is no server."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def why_not() -> str:
    """Return why no server can be run here; empty where one can."""
    if programs() is None or shutil.which("psql") is None:
        return "this machine has no PostgreSQL server"
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return "the server refuses to run as root, and there is no user postgres" if os.geteuid() == 0 else ""
    return ""


@dataclass(frozen=True)
class LocalPostgresql:
    """A running server, reached by its socket."""

    folder: Path

    def sql(self, database: str, text: str, *, transaction: bool = False, user: str = "postgres") -> str:
        """Run a script and return what it printed, without padding. Raises SqlError."""
        argv = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U", user, "-d", database, "-f", "-"]
        done = subprocess.run(
            [*argv, *(["-1"] if transaction else [])], input=text, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise SqlError(done.stderr.strip())
        return done.stdout.strip()


@contextmanager
def running() -> Iterator[LocalPostgresql]:
    """Make and start a server, and remove it in the end."""
    bin_folder = programs()
    assert bin_folder is not None
    folder = Path(tempfile.mkdtemp(prefix="traumalink-postgresql-"))
    data = str(folder / "data")
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        folder.chmod(0o755)  # the socket in it is for whoever runs the tests
        _as_server(
            [
                str(bin_folder / "initdb"),
                "-D",
                data,
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-A",
                "trust",
                "-N",
                "-U",
                "postgres",
            ]
        )
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=20"
        _as_server([str(bin_folder / "pg_ctl"), "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start"])
        try:
            yield LocalPostgresql(folder)
        finally:
            _as_server([str(bin_folder / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_server(argv: Sequence[str]) -> None:
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    # What pg_ctl starts would keep a pipe open.
    subprocess.run([*become, *argv], check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
