# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a program reaches the database: a libpq connection string without the password, and a password file with it."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .errors import OpsError
from .files import TextFile, write_text

__all__ = ["DatabaseAccess", "passing_password"]

RUNTIME = Path("/run/traumalink")


@dataclass(frozen=True)
class DatabaseAccess:
    """A database and who enters it. `host` may be several, separated by commas: libpq then takes the one that is writable."""

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)
    ca_file: str = "/etc/traumalink/tls/ca.crt"

    @property
    def hosts(self) -> list[str]:
        """The hosts one by one."""
        return [host.strip() for host in self.host.split(",") if host.strip()]

    def conninfo(self) -> str:
        """Return the connection string; the server must prove its name (sslmode=verify-full).

        Quoting: PostgreSQL, "33.1.1.1. Keyword/Value Connection Strings".
        """
        several = len(self.hosts) > 1
        words = {
            "host": ",".join(self.hosts),
            "port": ",".join([str(self.port)] * len(self.hosts)),
            "dbname": self.name,
            "user": self.user,
            "sslmode": "verify-full",
            "sslrootcert": self.ca_file,
            **({"target_session_attrs": "read-write"} if several else {}),
        }
        return " ".join(f"{key}={_quoted(value)}" for key, value in words.items())

    def pgpass(self) -> str:
        """Return the password file. Format: PostgreSQL, "33.16. The Password File"."""
        if "\n" in self.password or not self.password:
            raise OpsError(
                f"The password of {self.user} is empty or holds a line break; a password file cannot carry it."
            )
        return "".join(
            ":".join(_escaped(word) for word in (host, str(self.port), self.name, self.user, self.password)) + "\n"
            for host in self.hosts
        )


def _quoted(value: str) -> str:
    if value and all(character.isalnum() or character in "-_.,/:" for character in value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace(":", "\\:")


@contextmanager
def passing_password(access: DatabaseAccess, user: str, runtime: Path = RUNTIME) -> Iterator[Path]:
    """Give a password file that only the system user `user` can read, and that is gone afterwards.

    /run is memory: even what a killed run leaves there does not reach a disk, and the next run removes it.

    Raises:
        OpsError: the user does not exist.
    """
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise OpsError(f"The system user {user} does not exist on this host; create it first.") from None
    runtime.mkdir(mode=0o755, parents=True, exist_ok=True)
    for leftover in runtime.glob(f"pgpass-{user}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"pgpass-{user}-", dir=runtime))
    try:
        os.chown(folder, account.pw_uid, account.pw_gid)
        file = TextFile(folder / "pgpass", access.pgpass(), user, 0o600)
        write_text(file)
        yield file.path
    finally:
        shutil.rmtree(folder, ignore_errors=True)
