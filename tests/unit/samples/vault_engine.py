"""The engine on a repository whose files are not encrypted: it lists, and removes what it cannot list, as pgBackRest's `expire` does."""

from __future__ import annotations

import getpass
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_failure import BackupError
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest_sets import Backup
from ansible_collections.traumalink.ops.plugins.module_utils.vault_list import parse_identity
from ansible_collections.traumalink.ops.plugins.module_utils.wal import segment_name
from backup_samples import SYSTEM, full, stanza

ONE: Mapping[int, int] = {1: SYSTEM}
TWO: Mapping[int, int] = {1: SYSTEM, 2: 4711}


def info_text(databases: Mapping[int, int] = ONE, sets: Mapping[str, int] | None = None, key: str = "key") -> str:
    """Return an information file as pgBackRest writes it; `sets` gives the number of each set's first segment."""
    lines = ["[backrest]", "backrest-format=5", ""]
    if sets is not None:
        lines += ["[backup:current]", *(f'{label}={{"wal":{number}}}' for label, number in sorted(sets.items())), ""]
    lines += ["[cipher]", f'cipher-pass="{key}"', "", "[db]", f"db-id={max(databases)}", "", "[db:history]"]
    name = "db-id" if sets is None else "db-system-id"
    lines += [f'{number}={{"{name}":{system},"db-version":"15"}}' for number, system in databases.items()]
    return "\n".join(lines) + "\n"


def backup_of(label: str, number: int) -> Backup:
    """Return a set of that label whose WAL begins with that segment."""
    kind = {"F": "full", "I": "incr"}[label[-1]]
    return replace(full(), label=label, type=kind, wal_start=segment_name(1, number), database_id="15-1")


@dataclass
class Engine:
    """Stands for PgBackRest."""

    root: Path
    removed: list[str] = field(default_factory=list)
    stanza: str = "lab"
    user: str = field(default_factory=getpass.getuser)

    @property
    def place(self) -> Path:
        return self.root / "backup" / self.stanza

    def at(self, folder: Path) -> Engine:
        return replace(self, root=folder)

    def call(self, *argv: str, what: str) -> Completed:
        command, path = argv
        assert command == "repo-get"
        if not (self.root / path).exists():
            raise BackupError(f"{what} failed")
        return Completed(argv, 0, (self.root / path).read_text(), "")

    def sets(self) -> dict[str, int]:
        text = (self.place / "backup.info").read_text()
        return {label: int(number) for label, number in re.findall(r'^([\d\w-]+)={"wal":(\d+)}$', text, re.MULTILINE)}

    def info(self) -> Any:
        return stanza(*(backup_of(label, number) for label, number in self.sets().items()))

    def renew_list(self) -> None:
        listed = self.sets()
        text = (self.place / "backup.info").read_text()
        identity = parse_identity(text)
        found = {}
        for manifest in sorted(self.place.glob("*/backup.manifest")):
            label, said = manifest.parent.name, json.loads(manifest.read_text())
            if label in listed:
                found[label] = listed[label]
            elif identity.databases.get(said["db"], (0, ""))[0] == said["system"]:
                found[label] = said["wal"]
            else:
                shutil.rmtree(manifest.parent)
                self.removed.append(label)
        databases = {number: system for number, (system, _version) in identity.databases.items()}
        for name in ("backup.info", "backup.info.copy"):
            (self.place / name).write_text(info_text(databases, found, identity.key))


def lay_infos(
    root: Path, databases: Mapping[int, int] = ONE, sets: Mapping[str, int] | None = None, key: str = "key"
) -> None:
    """Write the four information files of a repository."""
    for part, listed in (("archive", None), ("backup", sets or {})):
        for name in (f"{part}.info", f"{part}.info.copy"):
            path = root / part / "lab" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(info_text(databases, listed, key))


def lay_set(root: Path, label: str, number: int, database: int = 1, system: int = SYSTEM) -> None:
    """Write a set into a repository, without listing it."""
    folder = root / "backup" / "lab" / label
    (folder / "bundle").mkdir(parents=True, exist_ok=True)
    (folder / "bundle" / "1").write_text("data")
    for name in ("backup.manifest", "backup.manifest.copy"):
        (folder / name).write_text(json.dumps({"db": database, "system": system, "wal": number}))


def lay_wal(root: Path, number: int, database: str = "15-1", content: str = "aa") -> Path:
    """Write a segment of WAL; return its path below the repository."""
    name = segment_name(1, number)
    path = root / "archive" / "lab" / database / name[:16] / f"{name}-{content}.zst"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path.relative_to(root)
