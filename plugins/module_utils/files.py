# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole or not there: atomic writes, managed blocks, fingerprints, folders that one run at a time works in."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import OpsError

__all__ = ["TextFile", "diff_of", "fingerprint", "locked", "managed_block", "rewrite", "sync_folder", "write_text"]


@dataclass(frozen=True)
class TextFile:
    """A text file as it should be: path, whole content, owner (a system user; its primary group owns too) and mode."""

    path: Path
    content: str
    owner: str = "root"
    mode: int = 0o644

    def current(self) -> str | None:
        """Return the content that is there now, or None where there is no file.

        To the letter: line breaks are not translated, and bytes of another encoding (GBK comments of an adopted server) survive.
        """
        try:
            return self.path.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None


def write_text(file: TextFile) -> bool:
    """Make a file as described, atomically and durably; return whether anything had to change.

    Raises:
        OpsError: the owner does not exist, or the folder cannot be written.
    """
    try:
        account = pwd.getpwnam(file.owner)
    except KeyError:
        raise OpsError(f"{file.path} cannot be written: the system user {file.owner} does not exist") from None
    if file.current() == file.content:
        status = file.path.stat()
        if (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (account.pw_uid, account.pw_gid, file.mode):
            return False
    _replace(file.path, file.content, (account.pw_uid, account.pw_gid, file.mode), lambda _new: None)
    return True


def rewrite(path: Path, content: str, verify: Callable[[Path], None]) -> None:
    """Give a file that exists another content, atomically and durably; owner, group and mode stay.

    `verify` sees the new file before it takes the old one's place, and raises OpsError where it must not.

    Raises:
        OpsError: the folder cannot be written, or what `verify` raises; the file is as it was.
    """
    status = path.stat()
    _replace(path, content, (status.st_uid, status.st_gid, status.st_mode & 0o7777), verify)


def _replace(path: Path, content: str, rights: tuple[int, int, int], verify: Callable[[Path], None]) -> None:
    """Put a new file (user, group, mode: `rights`) in the place of `path` once `verify` has nothing against it."""
    user, group, mode = rights
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OpsError(f"{path} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(content)
            os.fchown(stream.fileno(), user, group)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        verify(Path(temporary))
        os.replace(temporary, path)  # noqa: PTH105 - the pathlib form hides that this is the atomic step
        sync_folder(path.parent)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise OpsError(f"{path} cannot be written: {error.strerror}") from None
    except OpsError:
        Path(temporary).unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make a name that was just given or taken away in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path, held_elsewhere: OpsError) -> Iterator[None]:
    """Hold the lock of a folder, which goes with its process.

    Raises:
        OpsError: `held_elsewhere`, where another process holds it.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise held_elsewhere from None
        yield
    finally:
        os.close(handle)


def managed_block(text: str, lines: Iterable[str], name: str) -> str:
    """Return `text` with our lines as a marked block at its top; other lines keep their order.

    At the top, because in the files it is used for (pg_hba.conf, pg_ident.conf) the first fitting line wins.
    """
    begin, end = f"# BEGIN {name}", f"# END {name}"
    rest: list[str] = []
    inside = False
    # Not splitlines: it also breaks at form feeds and U+2028, and half a comment would become a rule.
    for line in text.removesuffix("\n").split("\n") if text else []:
        if line == begin:
            inside = True
        elif line == end and inside:
            inside = False
        elif not inside:
            rest.append(line)
    if inside:
        raise OpsError(f"a file holds '{begin}' without '{end}'; remove the damaged block and run again")
    return "\n".join([begin, *lines, end, *rest]) + "\n"


def fingerprint(paths: Iterable[Path]) -> str:
    """Return the SHA-256 over names and contents of files; a missing file counts as missing, not as an error."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        content = path.read_bytes() if path.is_file() else b"\0missing"
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def diff_of(files: Iterable[TextFile]) -> list[dict[str, str]]:
    """Return what Ansible shows under --diff for files that differ."""
    return [
        {
            "before_header": str(file.path),
            "after_header": str(file.path),
            "before": printable(file.current() or ""),
            "after": printable(file.content),
        }
        for file in files
        if file.current() != file.content
    ]


def printable(text: str) -> str:
    """Return a text whose bytes of another encoding are shown as question marks."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
