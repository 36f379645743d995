# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packing a source directory into a release's archive: the same files give the same bytes, wherever and whenever it runs."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import stat
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from .archive import ArchiveError, Limits, check_paths, inspect
from .errors import OpsError
from .manifest import MANIFEST_NAME, Manifest, ReleaseFile, read_manifest
from .release_folder import digest_of
from .signature import RELEASE_NAMESPACE, SIGNATURE_SUFFIX, SignatureError, public_key, sign, verify

__all__ = ["Packed", "PackingError", "pack", "pack_and_sign", "scan"]

# What Python and git leave in a source directory and no release needs.
LEFT_OUT_FOLDERS = frozenset({"__pycache__", ".git"})
LEFT_OUT_SUFFIXES = (".pyc", ".pyo")
CHUNK_BYTES = 1024 * 1024


class PackingError(OpsError):
    """A source directory is not fit for packing; the message names what to change."""


def scan(source: Path) -> tuple[ReleaseFile, ...]:
    """Return the files of a source directory in order of their paths, besides the manifest.

    Raises:
        PackingError: something there is no plain file or folder, or two paths would be one on another system.
    """
    found: list[ReleaseFile] = []
    odd: list[str] = []
    for folder, names, files in os.walk(source):
        names[:] = sorted(name for name in names if name not in LEFT_OUT_FOLDERS)
        for name in sorted(names + files):
            full = Path(folder, name)
            mode = full.lstat().st_mode
            path = str(full.relative_to(source))
            if stat.S_ISLNK(mode):
                odd.append(f"{path} is a symbolic link")
            elif mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(mode):
                odd.append(f"{path} has set-uid or set-gid bits")
            elif stat.S_ISREG(mode):
                if path != MANIFEST_NAME and not name.endswith(LEFT_OUT_SUFFIXES):
                    found.append(_described(full, path, bool(mode & stat.S_IXUSR)))
            elif not stat.S_ISDIR(mode):
                odd.append(f"{path} is neither a file nor a folder")
    if odd:
        raise PackingError(f"{source} cannot be packed: {'; '.join(sorted(odd))}. A release holds plain files only.")
    found.sort(key=lambda file: file.path)
    try:
        check_paths([MANIFEST_NAME, *(file.path for file in found)])
    except ArchiveError as error:
        raise PackingError(f"{source} cannot be packed: {error}. Rename the file.") from None
    return tuple(found)


def _described(full: Path, path: str, executable: bool) -> ReleaseFile:
    digest, size_bytes = hashlib.sha256(), 0
    with full.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    return ReleaseFile(path, digest.hexdigest(), size_bytes, executable)


def pack(source: Path, data: object, output: IO[bytes], limits: Limits | None = None) -> Manifest:
    """Write the archive of `source` to `output` (readable as well) and return the packed manifest.

    `data` is what the vendor's release.yml says, as plain data. The result is read back as a host will read it.

    Raises:
        PackingError: the source directory does not fit its manifest.
        ManifestError: the manifest is wrong.
        ArchiveError: a file changed while it was packed, or the release is larger than `limits`.
    """
    manifest = read_manifest(data, packed=False)
    files = scan(source)
    if not files:
        raise PackingError(f"{source} holds nothing but {MANIFEST_NAME}: there is nothing to release.")
    names = {file.path for file in files}
    missing = [document.path for document in manifest.documents if document.path not in names]
    for command in (*(process.command for process in manifest.processes), *_migration_commands(manifest)):
        if not command[0].startswith("/") and command[0] not in names:
            missing.append(command[0])
    if missing:
        raise PackingError(
            f"{source} lacks what its {MANIFEST_NAME} names: {', '.join(missing)}. Add these files, or take out the entries."
        )
    whole: dict[str, Any] = manifest.as_dict()
    whole["files"] = [vars(file) for file in files]
    text = (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()
    packed = read_manifest(json.loads(text), packed=True)
    with (
        gzip.GzipFile(filename="", fileobj=output, mode="wb", compresslevel=9, mtime=0) as compressed,
        tarfile.TarFile(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as tar,
    ):
        tar.addfile(_member(packed, MANIFEST_NAME, len(text), False), io.BytesIO(text))
        for file in files:
            with (source / file.path).open("rb") as content:
                tar.addfile(_member(packed, file.path, file.size_bytes, file.executable), content)
    inspect(output, packed.archive_name, limits)
    return packed


@dataclass(frozen=True)
class Packed:
    """An archive with its signature, and whether they had to be written."""

    manifest: Manifest
    archive: Path
    signature: Path
    sha256: str
    size_bytes: int
    changed: bool


def pack_and_sign(
    source: Path, data: object, destination: Path, key: Path, limits: Limits | None = None, *, check: bool = False
) -> Packed:
    """Pack `source` into `destination` and sign it, unless the same bytes signed by the same key are there.

    Raises:
        OpsError: see `pack` and `signature.sign`.
    """
    signer = f"packer {public_key(key)}"
    with tempfile.TemporaryFile() as output:
        manifest = pack(source, data, output, limits)
        archive = destination / f"{manifest.archive_name}.tar.gz"
        signature = archive.with_name(archive.name + SIGNATURE_SUFFIX)
        packed = Packed(manifest, archive, signature, digest_of(output), output.seek(0, os.SEEK_END), True)
        if _is_there(packed, signer):
            return replace(packed, changed=False)
        if check:
            return packed
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=destination, prefix=".packing-") as folder:
            new = Path(folder, archive.name)
            output.seek(0)
            with new.open("wb") as target:
                shutil.copyfileobj(output, target, CHUNK_BYTES)
            signed = Path(folder, signature.name)
            signed.write_bytes(sign(new, key, RELEASE_NAMESPACE))
            # An archive without its signature is refused everywhere, so no order of the two can do harm.
            signed.replace(signature)
            new.replace(archive)
    return packed


def _is_there(packed: Packed, signer: str) -> bool:
    if not packed.archive.is_file() or not packed.signature.is_file():
        return False
    with packed.archive.open("rb") as present:
        if digest_of(present) != packed.sha256:
            return False
        try:
            verify(present, packed.signature.read_bytes(), signer, RELEASE_NAMESPACE, packed.archive.name)
        except SignatureError:
            return False
    return True


def _migration_commands(manifest: Manifest) -> list[tuple[str, ...]]:
    return [command for migration in manifest.migrations for command in (migration.check, migration.command)]


def _member(manifest: Manifest, path: str, size_bytes: int, executable: bool) -> tarfile.TarInfo:
    member = tarfile.TarInfo(f"{manifest.archive_name}/{path}")
    member.size = size_bytes
    member.mode = 0o755 if executable else 0o644
    return member
