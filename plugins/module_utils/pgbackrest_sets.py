# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pgBackRest's `info` and manifests say, as typed values: stanzas, sets, and pages that were found damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from .pgbackrest_failure import BackupError, explain

__all__ = ["Backup", "DamagedFile", "Stanza", "parse_damage", "parse_databases", "parse_info", "parse_tablespaces"]

# pgBackRest's source, src/command/info/info.c: INFO_STANZA_STATUS_CODE_*
STATUS_OK, STATUS_MISSING_PATH, STATUS_NO_BACKUP, STATUS_MISSING_DATA = 0, 1, 2, 3


@dataclass(frozen=True)
class Backup:
    """One backup set, as the repository describes it.

    Attributes:
        label: its name in the repository; type: full, diff or incr; prior: label of the backup it builds on.
        started_at, stopped_at: ISO 8601, UTC.
        database_bytes: size of the database cluster; backup_bytes: of it, what this set copied;
        repository_bytes: what this set takes in the repository, compressed and encrypted.
        checksum_errors: whether page checksum errors were seen; None where the server has no checksums.
        database_id: as Stanza has it, of the database that was copied: a stanza may have had another one before.
    """

    label: str
    type: str
    prior: str | None
    started_at: str
    stopped_at: str
    seconds: int
    lsn_start: str
    lsn_stop: str
    wal_start: str
    wal_stop: str
    database_bytes: int
    backup_bytes: int
    repository_bytes: int
    checksum_errors: bool | None
    database_id: str | None = None

    def facts(self) -> dict[str, Any]:
        """Return the set as plain data for an Ansible result."""
        return asdict(self)


@dataclass(frozen=True)
class Stanza:
    """One stanza of the repository: its sets, oldest first, and the WAL that is archived for its newest database.

    Attributes:
        database_id: the engine's name of that database, such as `15-1`: its WAL lies in a folder of that name.
        everywhere: whether each of several repositories has the stanza.
    """

    name: str
    status: int
    message: str
    system_id: int | None
    wal_min: str | None
    wal_max: str | None
    backups: tuple[Backup, ...]
    database_id: str | None = None
    everywhere: bool = True

    @property
    def exists(self) -> bool:
        """Whether the stanza has been created."""
        return self.status not in (STATUS_MISSING_PATH, STATUS_MISSING_DATA)

    @property
    def newest(self) -> Backup | None:
        """The newest set."""
        return self.backups[-1] if self.backups else None


@dataclass(frozen=True)
class DamagedFile:
    """A file of the database with pages that do not have their checksum.

    Attributes:
        path: below the data directory, such as `base/16384/16397.1`.
        pages: numbers of the first and last page of each damaged range, counted over all segments of the relation's file; empty where the
            file is no whole number of pages.
    """

    path: str
    pages: tuple[tuple[int, int], ...]


def parse_info(text: str, name: str, key: int = 1) -> Stanza:
    """Return the stanza `name` of the repository with that number out of what `pgbackrest info --output=json` printed.

    Raises:
        BackupError: it is not such a text, or says that the repository cannot be read.
    """
    try:
        stanzas = json.loads(text, strict=False)  # the engine's messages may hold raw bytes
    except json.JSONDecodeError as error:
        raise BackupError(f"pgbackrest info printed no JSON ({error}): {text[:200]}") from None
    for entry in stanzas:
        if entry["name"] == name:
            break
    else:
        return Stanza(name, STATUS_MISSING_PATH, "missing stanza path", None, None, None, ())
    repositories = entry.get("repo", [])
    # Of several, the entry's own status says no more than that they differ.
    own = [repository["status"] for repository in repositories if is_of(key, repository)]
    status = own[0] if len(repositories) > 1 else entry["status"]
    if status["code"] not in (STATUS_OK, STATUS_MISSING_PATH, STATUS_NO_BACKUP, STATUS_MISSING_DATA):
        details = " ".join(repository["status"]["message"] for repository in entry.get("repo", []))
        raise BackupError(f"the repository of {name} cannot be read: {explain(status['message'] + ' ' + details)}")
    databases = [database for database in entry.get("db", []) if is_of(key, database)]
    names = {database["id"]: f"{database['version']}-{database['id']}" for database in databases}
    newest_database = databases[-1]["id"] if databases else None
    archives = [
        archive
        for archive in entry.get("archive", [])
        if archive["database"]["id"] == newest_database and is_of(key, archive["database"])
    ]
    return Stanza(
        name=name,
        status=status["code"],
        message=status["message"],
        system_id=databases[-1]["system-id"] if databases else None,
        wal_min=archives[-1]["min"] if archives else None,
        wal_max=archives[-1]["max"] if archives else None,
        backups=tuple(
            parse_backup(backup, names) for backup in entry.get("backup", []) if is_of(key, backup.get("database", {}))
        ),
        database_id=names.get(newest_database),
        everywhere=all(
            repository["status"]["code"] not in (STATUS_MISSING_PATH, STATUS_MISSING_DATA)
            for repository in repositories
            if not is_of(key, repository)
        ),
    )


def is_of(key: int, entry: Mapping[str, Any]) -> bool:
    """Tell whether something is of the repository with that number; what names none is of the one that was asked for."""
    return bool(entry.get("repo-key", entry.get("key", key)) == key)


def parse_backup(entry: Mapping[str, Any], databases: Mapping[int, str]) -> Backup:
    """Return one set out of its description in `info`; `databases` names the stanza's databases by their number."""
    started, stopped = entry["timestamp"]["start"], entry["timestamp"]["stop"]
    return Backup(
        label=entry["label"],
        type=entry["type"],
        prior=entry["prior"],
        started_at=datetime.fromtimestamp(started, UTC).isoformat(),
        stopped_at=datetime.fromtimestamp(stopped, UTC).isoformat(),
        seconds=stopped - started,
        lsn_start=entry["lsn"]["start"],
        lsn_stop=entry["lsn"]["stop"],
        wal_start=entry["archive"]["start"],
        wal_stop=entry["archive"]["stop"],
        database_bytes=entry["info"]["size"],
        backup_bytes=entry["info"]["delta"],
        repository_bytes=entry["info"]["repository"]["delta"],
        checksum_errors=entry.get("error"),
        database_id=databases.get(entry.get("database", {}).get("id")),
    )


def parse_damage(manifest: str) -> Iterator[DamagedFile]:
    """Yield the damaged files that the manifest of a set names (pgBackRest, src/info/manifest: checksum-page, checksum-page-error)."""
    for line in manifest.splitlines():
        name, _, said = line.partition("={")
        if not name.startswith("pg_data/") or '"checksum-page":false' not in said:
            continue
        ranges = json.loads("{" + said).get("checksum-page-error") or []
        pages = (entry if isinstance(entry, list) else [entry, entry] for entry in ranges)
        yield DamagedFile(name.removeprefix("pg_data/"), tuple((first, last) for first, last in pages))


def parse_databases(manifest: str) -> Iterator[str]:
    """Yield the names of the databases that the manifest of a set lists (pgBackRest, src/info/manifest: section db)."""
    section = ""
    for line in manifest.splitlines():
        if line.startswith("[") and line.endswith("]"):
            section = line
        elif section == "[db]" and (found := line.rpartition('={"db-id"'))[1]:
            yield found[0]


def parse_tablespaces(manifest: str) -> dict[str, int]:
    """Return where the tablespaces of a set lie, and the bytes of their files, by the text of its manifest.

    A file's line is such as pg_tblspc/16400/PG_15_202209061/5/16401={…,"size":8192,…} (pgBackRest, src/info/manifest: sections backup:target and
    target:file; each file has its size).
    """
    places: dict[str, str] = {}
    sizes: dict[str, int] = {}
    section = ""
    for line in manifest.splitlines():
        if line.startswith("["):
            section = line
        elif line.startswith("pg_tblspc/") and section in ("[backup:target]", "[target:file]"):
            name, _, said = line.partition("={")
            target, values = "/".join(name.split("/")[:2]), json.loads("{" + said)
            if section == "[backup:target]":
                places[target] = str(values["path"])
            else:
                sizes[target] = sizes.get(target, 0) + int(values["size"])
    return {path: sizes.get(target, 0) for target, path in sorted(places.items(), key=lambda entry: entry[1])}
