# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a release: what a vendor writes in `release.yml`, and the packed form that hosts read.

Packing writes the manifest as JSON, which every YAML reader reads as well: a host needs the standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .errors import OpsError
from .reader import Reader

__all__ = [
    "MANIFEST_NAME",
    "Document",
    "FunctionalModule",
    "Manifest",
    "ManifestError",
    "Migration",
    "Process",
    "ReleaseFile",
    "path_problem",
    "read_manifest",
    "version_key",
]

MANIFEST_NAME = "release.yml"
LANGUAGES = ("zh", "en")
MIGRATION_KINDS = ("expand", "contract", "breaking")
DOCUMENT_KINDS = ("update_notes", "user_manual", "installation_manual", "interface")

# The name becomes a system user, folders and unit names: useradd(8) admits 32 characters, `-migration` takes 10 of them.
NAME = re.compile(r"[a-z][a-z0-9-]{0,20}[a-z0-9]")
VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")
MIGRATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
HEALTH_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
SHA256 = re.compile(r"[0-9a-f]{64}")
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")


class ManifestError(OpsError):
    """A manifest is wrong; the message names every fault by its path."""


@dataclass(frozen=True)
class Process:
    """A program that runs in a slot; a singleton runs on one host only, and never in both slots."""

    name: str
    command: tuple[str, ...]
    singleton: bool


@dataclass(frozen=True)
class FunctionalModule:
    """A part of the application, its title by language, and the path at which it tells its health."""

    name: str
    title: Mapping[str, str]
    health: str


@dataclass(frozen=True)
class Migration:
    """A step of the database: `check` exits 0 when applied, 1 when pending; `command` applies it, again without harm."""

    id: str
    kind: str
    expected_seconds: float
    check: tuple[str, ...]
    command: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """A document that travels inside the release (clause 2.7)."""

    kind: str
    language: str
    path: str


@dataclass(frozen=True)
class ReleaseFile:
    """One file of the release besides the manifest itself."""

    path: str
    sha256: str
    size_bytes: int
    executable: bool


@dataclass(frozen=True)
class Manifest:
    """One version of the application. `files` is empty in what a vendor writes and complete in what packing writes."""

    name: str
    version: str
    title: Mapping[str, str]
    from_versions: tuple[str, ...]
    processes: tuple[Process, ...]
    modules: tuple[FunctionalModule, ...]
    migrations: tuple[Migration, ...]
    documents: tuple[Document, ...]
    files: tuple[ReleaseFile, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain lists and dictionaries, as they stand in `release.yml`."""
        data = asdict(self)
        if not self.title:
            del data["title"]
        return data

    @property
    def archive_name(self) -> str:
        """Name and version: the archive's name without its ending, and the one folder inside it."""
        return f"{self.name}-{self.version}"


def version_key(version: str) -> tuple[int, ...]:
    """Return a version as numbers, for ordering: 1.10.0 comes after 1.9.0."""
    return tuple(int(part) for part in version.split("."))


def path_problem(path: str) -> str | None:
    """Tell what makes `path` unfit as a file's path inside a release, or None when it is fit.

    Only relative paths of plain components pass: no root, no `.` or `..`, no backslash, no control character.
    """
    if not path:
        return "is empty"
    if CONTROL_CHARACTER.search(path) or "\\" in path:
        return "holds a control character or a backslash"
    if path.startswith("/"):
        return "is absolute; write it relative to the release"
    if any(part in ("", ".", "..") for part in path.split("/")):
        return "has an empty, `.` or `..` component"
    if any(len(part.encode("utf-8", "surrogatepass")) > 255 for part in path.split("/")) or len(path) > 1024:
        return "is too long"
    if any("\ud800" <= character <= "\udfff" for character in path):
        return "is not UTF-8"
    return None


def read_manifest(data: object, *, packed: bool) -> Manifest:
    """Read the manifest; `packed` says whether `files` must be there (an archive) or must not (a source directory).

    Raises:
        ManifestError: naming every fault by its path, all of them at once.
    """
    faults: list[str] = []
    manifest = _read(Reader(data, "", faults), packed)
    if faults:
        raise ManifestError(f"{MANIFEST_NAME} is wrong: {'; '.join(faults)}. Correct these entries and pack again.")
    return manifest


def _read(root: Reader, packed: bool) -> Manifest:
    processes = tuple(_process(entry) for entry in root.entries("processes", least=1))
    modules = tuple(_module(entry) for entry in root.entries("modules", least=1))
    migrations = tuple(_migration(entry) for entry in root.entries("migrations"))
    documents = tuple(_document(entry) for entry in root.entries("documents"))
    files = tuple(_file(entry) for entry in root.entries("files", least=1)) if packed else ()
    version = root.text("version", VERSION, "three numbers such as 1.4.0")
    from_versions = root.texts("from_versions", VERSION, "three numbers such as 1.4.0")
    root.unique("processes", [process.name for process in processes])
    root.unique("modules", [module.name for module in modules])
    root.unique("migrations", [migration.id for migration in migrations])
    root.unique("documents", [f"{document.kind} in {document.language}" for document in documents])
    root.unique("from_versions", list(from_versions))
    for index, earlier in enumerate(from_versions):
        if VERSION.fullmatch(earlier) and VERSION.fullmatch(version) and version_key(earlier) >= version_key(version):
            root.fault(f"from_versions[{index}]", f"{earlier} is not older than {version}")
    manifest = Manifest(
        name=root.text("name", NAME, "2 to 22 lower-case letters, digits and dashes, a letter first"),
        version=version,
        title=root.titles("title", LANGUAGES) if root.has("title") else {},
        from_versions=from_versions,
        processes=processes,
        modules=modules,
        migrations=migrations,
        documents=documents,
        files=files,
    )
    if root.has("files") and not packed:
        root.fault("files", "is written by packing; take it out")
    root.nothing_else("files")
    return manifest


def _command(entry: Reader, key: str) -> tuple[str, ...]:
    command = entry.texts(key, least=1)
    for index, argument in enumerate(command):
        if CONTROL_CHARACTER.search(argument):
            entry.fault(f"{key}[{index}]", "holds a control character")
    # Without a slash, who starts the program would decide where it is looked for.
    if command and not command[0].startswith("/") and ("/" not in command[0] or path_problem(command[0])):
        entry.fault(f"{key}[0]", "give the program's absolute path, or its path inside the release (with a slash)")
    return command


def _process(entry: Reader) -> Process:
    process = Process(
        name=entry.text("name", NAME, "lower-case letters, digits and dashes"),
        command=_command(entry, "command"),
        singleton=entry.flag("singleton", default=False),
    )
    entry.nothing_else()
    return process


def _module(entry: Reader) -> FunctionalModule:
    module = FunctionalModule(
        name=entry.text("name", NAME, "lower-case letters, digits and dashes"),
        title=entry.titles("title", LANGUAGES),
        health=entry.text("health", HEALTH_PATH, "a path such as /health/triage"),
    )
    entry.nothing_else()
    return module


def _migration(entry: Reader) -> Migration:
    migration = Migration(
        id=entry.text("id", MIGRATION_ID, 'letters, digits, dots and dashes, in quotes, such as "0001"'),
        kind=entry.choice("kind", MIGRATION_KINDS),
        expected_seconds=entry.number("expected_seconds"),
        check=_command(entry, "check"),
        command=_command(entry, "command"),
    )
    entry.nothing_else()
    return migration


def _document(entry: Reader) -> Document:
    document = Document(
        kind=entry.choice("kind", DOCUMENT_KINDS),
        language=entry.choice("language", LANGUAGES),
        path=entry.text("path"),
    )
    _check_path(entry, document.path)
    entry.nothing_else()
    return document


def _file(entry: Reader) -> ReleaseFile:
    file = ReleaseFile(
        path=entry.text("path"),
        sha256=entry.text("sha256", SHA256, "64 hexadecimal digits"),
        size_bytes=int(entry.number("size_bytes", whole=True)),
        executable=entry.flag("executable", default=False),
    )
    _check_path(entry, file.path)
    entry.nothing_else()
    return file


def _check_path(entry: Reader, path: str) -> None:
    problem = path_problem(path) if path else None
    if problem:
        entry.fault("path", problem)
