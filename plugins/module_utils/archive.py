# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a release's archive, which is hostile until proven otherwise: everything is looked at before anything is written.

The form (packing.py writes it): a gzipped tar of regular files only, in one folder `<name>-<version>`, the manifest
first, and every other file named there with its SHA-256.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from .errors import OpsError
from .manifest import MANIFEST_NAME, Manifest, ReleaseFile, path_problem, read_manifest

__all__ = ["ArchiveError", "Limits", "inspect", "is_cut_short", "unpack"]

CHUNK_BYTES = 1024 * 1024
MANIFEST_LIMIT_BYTES = 16 * 1024 * 1024
# A header of tar, its extended header and the rounding of a file's data to blocks of 512 bytes.
MEMBER_OVERHEAD_BYTES = 4096
SPECIAL_MODE_BITS = 0o7000
REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE)
KINDS = {
    tarfile.LNKTYPE: "a hard link", tarfile.SYMTYPE: "a symbolic link", tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device", tarfile.DIRTYPE: "a folder entry", tarfile.FIFOTYPE: "a named pipe",
}  # fmt: skip


class ArchiveError(OpsError):
    """An archive is damaged or is not what pack_release writes; nothing of it was written."""


@dataclass(frozen=True)
class Limits:
    """What a release may take at most: bytes of all its files together, and their number."""

    size_bytes: int = 2 * 1024**3
    files: int = 20_000


class _Bounded:
    """The decompressed bytes, up to a limit: what is packed to explode ends here."""

    def __init__(self, source: gzip.GzipFile, limit_bytes: int) -> None:
        self.source = source
        self.limit_bytes = limit_bytes

    def _check(self, place: int, size: int) -> None:
        if place > self.limit_bytes or size > MANIFEST_LIMIT_BYTES:
            raise ArchiveError(f"it unpacks to more than the limit of {self.limit_bytes} bytes")

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes; tarfile never asks for more than a header or one chunk of ours."""
        self._check(self.source.tell() + size, size)
        return self.source.read(size)

    def seek(self, place: int) -> int:
        """Move to `place`; forwards, that decompresses what lies between."""
        self._check(place, 0)
        return self.source.seek(place)

    def tell(self) -> int:
        """Return the place in the decompressed bytes."""
        return self.source.tell()


@contextmanager
def _open(archive: IO[bytes], what: str, limits: Limits) -> Iterator[tarfile.TarFile]:
    """Open the tar within; whatever goes wrong inside becomes one ArchiveError that says what to do."""
    archive.seek(0)
    limit_bytes = limits.size_bytes + MEMBER_OVERHEAD_BYTES * (limits.files + 2) + MANIFEST_LIMIT_BYTES
    advice = "Nothing of it was unpacked. Get the archive from the vendor again, or have it packed by traumalink.ops.pack_release."
    try:
        with gzip.GzipFile(fileobj=archive, mode="rb") as plain:
            source = cast(IO[bytes], _Bounded(plain, limit_bytes))
            with tarfile.TarFile(fileobj=source, mode="r", encoding="utf-8", errors="strict") as tar:
                yield tar
    except ArchiveError as error:
        raise ArchiveError(f"{what} is refused: {error}. {advice}") from None
    except EOFError:
        raise ArchiveError(f"{what} is cut short. {advice}") from None
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, ValueError, RecursionError, OverflowError) as error:
        raise ArchiveError(f"{what} is damaged ({error}). {advice}") from None


def is_cut_short(archive: IO[bytes], limits: Limits | None = None) -> bool:
    """Tell whether the compressed bytes end too early: the usual fault of a copy, and worth a message of its own.

    What is decompressed is thrown away chunk by chunk, and never interpreted.
    """
    archive.seek(0)
    left_bytes = (limits or Limits()).size_bytes
    try:
        with gzip.GzipFile(fileobj=archive, mode="rb") as plain:
            while left_bytes > 0 and (chunk := plain.read(CHUNK_BYTES)):
                left_bytes -= len(chunk)
    except EOFError:
        return True
    except (OSError, zlib.error):
        pass
    return archive.seek(0, os.SEEK_END) == 0


def _folded(path: str) -> str:
    """Return the form in which two paths are one file where case or Unicode normalization does not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


class _Paths:
    """The paths seen so far: no file twice, none a folder of another, no two that differ in case or normalization only."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.spelling: dict[str, str] = {}

    def add(self, path: str) -> None:
        if path in self.files:
            raise ArchiveError(f"{path} is in it twice")
        parts = path.split("/")
        folders = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if path in self.folders or folders & self.files:
            raise ArchiveError(f"{path} is both a file and a folder")
        for place in (*folders, path):
            other = self.spelling.setdefault(_folded(place), place)
            if other != place:
                raise ArchiveError(f"{other} and {place} differ only in case or in Unicode normalization")
        self.files.add(path)
        self.folders |= folders


def check_paths(paths: list[str]) -> None:
    """Raise ArchiveError unless the paths are fit to stand together in one release."""
    seen = _Paths()
    for path in paths:
        if problem := path_problem(path):
            raise ArchiveError(f"the path {path!r} {problem}")
        seen.add(path)


def _check_member(member: tarfile.TarInfo) -> None:
    if problem := path_problem(member.name):
        raise ArchiveError(f"the path {member.name!r} {problem}")
    if member.type not in REGULAR or member.linkname or member.issparse():
        raise ArchiveError(
            f"{member.name} is {KINDS.get(member.type, 'not a plain file')}; only plain files are allowed"
        )
    if member.mode & SPECIAL_MODE_BITS:
        raise ArchiveError(f"{member.name} has set-uid, set-gid or sticky bits")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    source = tar.extractfile(member)
    if source is None:
        raise ArchiveError(f"{member.name} is not a plain file")
    left_bytes = member.size
    while left_bytes > 0:
        chunk = source.read(min(CHUNK_BYTES, left_bytes))
        if not chunk:
            raise EOFError
        left_bytes -= len(chunk)
        yield chunk


def _manifest(tar: tarfile.TarFile) -> tuple[Manifest, bytes]:
    first = tar.next()
    if first is None:
        raise ArchiveError("it is empty")
    _check_member(first)
    if first.name.count("/") != 1 or not first.name.endswith(f"/{MANIFEST_NAME}"):
        raise ArchiveError(f"it begins with {first.name} instead of <name>-<version>/{MANIFEST_NAME}")
    if first.size > MANIFEST_LIMIT_BYTES:
        raise ArchiveError(f"{first.name} has {first.size} bytes")
    text = b"".join(_content(tar, first))
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{first.name} is not JSON as packing writes it ({error})") from None
    try:
        manifest = read_manifest(data, packed=True)
    except OpsError as error:
        raise ArchiveError(str(error).rstrip(".")) from None
    if first.name != f"{manifest.archive_name}/{MANIFEST_NAME}":
        raise ArchiveError(f"its folder is {first.name.split('/')[0]}, but its manifest says {manifest.archive_name}")
    return manifest, text


def _check_manifest_files(manifest: Manifest, limits: Limits) -> None:
    if len(manifest.files) > limits.files:
        raise ArchiveError(f"it has {len(manifest.files)} files, more than the limit of {limits.files}")
    size_bytes = sum(file.size_bytes for file in manifest.files)
    if size_bytes > limits.size_bytes:
        raise ArchiveError(f"its files have {size_bytes} bytes, more than the limit of {limits.size_bytes}")
    check_paths([MANIFEST_NAME, *(file.path for file in manifest.files)])
    named = {file.path for file in manifest.files}
    if missing := [document.path for document in manifest.documents if document.path not in named]:
        raise ArchiveError(f"documents are missing: {', '.join(missing)}")


def _files(tar: tarfile.TarFile, manifest: Manifest) -> Iterator[tuple[ReleaseFile, tarfile.TarInfo]]:
    """Yield the members after the manifest with what the manifest says of each; refuse any that it does not fit."""
    expected = {f"{manifest.archive_name}/{file.path}": file for file in manifest.files}
    seen: set[str] = set()
    while (member := tar.next()) is not None:
        _check_member(member)
        if member.name in seen or member.name == f"{manifest.archive_name}/{MANIFEST_NAME}":
            raise ArchiveError(f"{member.name} is in it twice")
        seen.add(member.name)
        file = expected.get(member.name)
        if file is None:
            raise ArchiveError(f"{member.name} is not named in the manifest")
        if member.size != file.size_bytes:
            raise ArchiveError(f"{member.name} has {member.size} bytes, the manifest says {file.size_bytes}")
        yield file, member
    if missing := sorted(expected.keys() - seen):
        raise ArchiveError(f"{len(missing)} files of the manifest are missing, the first is {missing[0]}")


def inspect(archive: IO[bytes], what: str, limits: Limits | None = None) -> Manifest:
    """Read the whole archive, write nothing, and return its manifest; `what` names the archive in messages.

    Raises:
        ArchiveError: it is cut short, damaged, too large, or holds anything that does not belong there.
    """
    limits = limits or Limits()
    with _open(archive, what, limits) as tar:
        manifest, _text = _manifest(tar)
        _check_manifest_files(manifest, limits)
        for file, member in _files(tar, manifest):
            digest = hashlib.sha256()
            for chunk in _content(tar, member):
                digest.update(chunk)
            if digest.hexdigest() != file.sha256:
                raise ArchiveError(f"the SHA-256 of {member.name} is not the one in the manifest")
    return manifest


def unpack(archive: IO[bytes], what: str, directory: Path, limits: Limits | None = None) -> Manifest:
    """Write an archive that `inspect` has passed into the empty `directory`, read-only and synced to disk.

    Raises:
        ArchiveError: the archive is another one than inspected.
        OSError: the disk is full or fails.
    """
    limits = limits or Limits()
    with _open(archive, what, limits) as tar:
        manifest, text = _manifest(tar)
        _check_manifest_files(manifest, limits)
        _write(directory / MANIFEST_NAME, iter([text]), 0o444)
        for file, member in _files(tar, manifest):
            target = directory / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if _write(target, _content(tar, member), 0o555 if file.executable else 0o444) != file.sha256:
                raise ArchiveError(f"{member.name} changed while it was unpacked")
    for folder, _folders, _names in os.walk(directory, topdown=False):
        Path(folder).chmod(0o555)
        sync_directory(Path(folder))
    return manifest


def _write(target: Path, chunks: Iterator[bytes], mode: int) -> str:
    digest: Any = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        for chunk in chunks:
            digest.update(chunk)
            output.write(chunk)
        output.flush()
        os.fchmod(output.fileno(), mode)
        os.fsync(output.fileno())
    return str(digest.hexdigest())


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
