# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes back from ops is loaded on production beside everything else: into a new database that gets its name only when it is whole.

Nobody but the server's own superuser may enter it until a person says so: what roles could not see before they do not see now.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .backup_proof import content_of
from .command import Runner
from .command_stream import feeding
from .content_sums import differences, literal
from .copy_source import plain_name
from .errors import OpsError
from .file_system import GIBIBYTE, free_bytes
from .handover import Taking
from .postgresql_server import SYSTEM_USER, Server
from .progress import say

__all__ = ["LoadError", "Loading", "default_name"]

NAME_BYTES = 63
PREFIX = "traumalink_restoring_"  # until it is whole
MARK = "traumalink.ops: half of a restored database; the next restore removes it"
LEFT = f"""
SELECT datname FROM pg_database d WHERE starts_with(datname, '{PREFIX}') AND shobj_description(d.oid, 'pg_database') = '{MARK}'
"""  # noqa: S608 - both are constants
# English whatever the server speaks, and no trace of the application's own habits.
OPTIONS = "-c lc_messages=C -c statement_timeout=0 -c lock_timeout=0 -c default_transaction_read_only=off -c log_min_error_statement=panic"
GONE_ROLE = re.compile(r'role "(?P<role>.*)" does not exist')
PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


def default_name(database: str, now: datetime) -> str:
    """Return a name for what comes back: the database's own, shortened where it must be, and the time."""
    ending = f"_restored_{now:%Y%m%dT%H%M%SZ}"
    return database.encode()[: NAME_BYTES - len(ending)].decode("utf-8", "ignore") + ending


class LoadError(OpsError):
    """It cannot be loaded, or what was loaded is not what was sent."""


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def creation(name: str, like: dict[str, Any]) -> str:
    """Return the statement that makes an empty database like the one that comes back (PostgreSQL documentation, CREATE DATABASE)."""
    provider = PROVIDERS[like["provider"]]
    words = [
        f"CREATE DATABASE {quoted(name)} TEMPLATE template0 ENCODING {literal(like['encoding'])}",
        f"LC_COLLATE {literal(like['collate'])} LC_CTYPE {literal(like['ctype'])} LOCALE_PROVIDER {provider}",
    ]
    if like.get("locale") and provider != "libc":
        words.append(f"{provider.upper()}_LOCALE {literal(like['locale'])}")
    return " ".join(words)


def errors_in(said: str) -> tuple[list[str], list[str]]:
    """Return what pg_restore could not do, and the roles that are not there any more, whose things are the superuser's now.

    Only the errors' own lines: what PostgreSQL says around them may be somebody's data.
    """
    errors, roles = [], []
    for line in said.splitlines():
        found = re.match(r"pg_restore: error: (?:could not execute query: |COPY failed .*?: )?(?:ERROR:\s+)?(.*)", line)
        if not found:
            continue
        if gone := GONE_ROLE.search(found[1]):
            roles.append(gone["role"])
        else:
            errors.append(re.sub(r': ".*$', "", found[1]))
    return errors, sorted(set(roles))


@dataclass
class Loading:
    """One load, on the database's host.

    Attributes:
        server: production's, asked as its own system user.
        runner: starts programs on this host; version: PostgreSQL's, whose programs lie under `programs`.
        data_directory: where databases grow.
        taking: goes to the repository's host.
        into: the name of the new database.
    """

    server: Server
    runner: Runner
    version: str
    data_directory: Path
    taking: Callable[[], AbstractContextManager[Taking]]
    into: str
    run_id: str
    programs: Path = Path("/usr/lib/postgresql")
    free: Callable[[Path], int] = free_bytes
    feed: Callable[[Any], Runner] = feeding
    notes: list[str] = field(default_factory=list)

    @property
    def half(self) -> str:
        """The name of the database until it is whole."""
        return f"{PREFIX}{self.run_id}"[:NAME_BYTES]

    def look(self) -> list[str]:
        """See that it can be loaded; return the names of the databases that there are. Nothing is changed.

        Raises:
            LoadError: there is a database of that name, or the name is none; or this server takes no writes.
        """
        plain_name("restore_into", self.into)
        if len(self.into.encode()) > NAME_BYTES:
            raise LoadError(f"restore_into {self.into!r} is longer than {NAME_BYTES} bytes. Nothing was changed")
        if self.into.startswith(PREFIX):
            raise LoadError(
                f"restore_into {self.into!r} begins with {PREFIX}, which is kept for what is not whole. Nothing was changed"
            )
        if self.server.in_recovery():
            raise LoadError(
                "the server on this host replays WAL and takes no writes, so nothing can be loaded. Nothing was changed"
            )
        names = [row[0] for row in self.server.query("SELECT datname FROM pg_database ORDER BY 1")]
        if self.into in names:
            raise LoadError(
                f"there is a database {self.into!r} already, and nothing is written over; name another one by restore_into, or leave it out. Nothing was changed"
            )
        return names

    def tidy(self) -> list[str]:
        """Remove what loads have left that were cut off; return the names."""
        left = [row[0] for row in self.server.query(LEFT)]
        for name in left:
            self.do(f"DROP DATABASE {quoted(name)} WITH (FORCE)")
        return left

    def do(self, *statements: str) -> None:
        """Run statements, each by itself, however long they take."""
        self.server.session(statements, timeout_seconds=None)

    def run(self) -> dict[str, Any]:
        """Take what ops gives, and load it; return figures.

        Raises:
            LoadError, HandoverError: nothing of it stays.
        """
        self.look()
        self.tidy()
        say("waits for the data from ops")
        with self.taking() as taking:
            try:
                return self.load(taking)
            except BaseException:
                self.tidy()
                raise

    def load(self, taking: Taking) -> dict[str, Any]:
        """Load it, compare it, and give it its name."""
        offered = taking.hear()
        self.require(int(offered["like"]["bytes"]))
        self.create(offered["like"])
        taking.say({"ok": True})
        roles: set[str] = set()
        for title in offered["parts"]:
            say(f"loads {title}")
            roles.update(self.restore(title, taking))
        said = taking.hear()
        say("compares what was loaded")
        self.compare(said)
        origin = f"restored by operation {self.run_id} of traumalink.ops from backup {offered['words']}"
        self.look()
        self.do(
            f"BEGIN; COMMENT ON DATABASE {quoted(self.half)} IS {literal(origin)}; ALTER DATABASE {quoted(self.half)} RENAME TO {quoted(self.into)}; COMMIT"
        )
        gone = (
            f"roles that are not there any more, whose objects belong to {SYSTEM_USER} now: {', '.join(sorted(roles))}"
            if roles
            else ""
        )
        taking.say({"ok": True, "notes": gone})
        return {"into": self.into, "notes": gone, "bytes": taking.bytes}

    def require(self, needed_bytes: int) -> None:
        """See that there is room for it, beside production's own growth.

        Raises:
            LoadError: there is not.
        """
        needed = needed_bytes + needed_bytes // 10 + GIBIBYTE
        free = self.free(self.data_directory)
        if free < needed:
            raise LoadError(
                f"the file system of {self.data_directory} has {free / GIBIBYTE:.1f} GiB free, and this needs {needed / GIBIBYTE:.1f} GiB beside the database "
                f"that serves; free {(needed - free) / GIBIBYTE:.1f} GiB more. Nothing was changed"
            )

    def create(self, like: dict[str, Any]) -> None:
        """Make the empty database; nobody enters it."""
        self.do(
            creation(self.half, like),
            f"COMMENT ON DATABASE {quoted(self.half)} IS {literal(MARK)}",
            f"REVOKE ALL ON DATABASE {quoted(self.half)} FROM PUBLIC",
        )

    def restore(self, title: str, taking: Taking) -> list[str]:
        """Load one dump; return the roles that it names and that are not there.

        Raises:
            LoadError: not all of it could be loaded.
        """
        argv = [
            str(self.programs / self.version / "bin" / "pg_restore"), "--no-password", f"--host={self.server.socket_directory}",
            f"--port={self.server.port}", f"--dbname={self.half}",
        ]  # fmt: skip
        done = self.feed(taking.pieces())(argv, user=SYSTEM_USER, environment={"PGOPTIONS": OPTIONS})
        errors, roles = errors_in(done.said)
        if errors or (done.status != 0 and not roles):
            shown = "; ".join(errors[:3]) or f"status {done.status}"
            raise LoadError(f"{title} could not be loaded whole: {shown}. Nothing of it was kept")
        return roles

    def compare(self, said: dict[str, Any]) -> None:
        """See that what was loaded is what the scratch server had.

        Raises:
            LoadError: it is not.
        """
        content = replace(content_of(said["content"]), database=self.half)
        found = list(differences(self.server, content))
        there = int(self.server.query("SELECT count(*) FROM pg_largeobject_metadata", self.half)[0][0])
        if there != said["large_objects"]:
            found.append(f"{there} large objects, not {said['large_objects']}")
        if found:
            raise LoadError(f"what was loaded is not what was sent: {'; '.join(found[:3])}. Nothing of it was kept")
