# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian changelogs inside a .deb file, read without installing it."""

from __future__ import annotations

import gzip
import re
import subprocess
import tarfile
import zlib
from pathlib import Path
from typing import IO, cast

from .command import BASE_ENVIRONMENT
from .debian_changelog import is_debian_changelog
from .errors import OpsError

__all__ = ["DebFileError", "changelogs"]

LARGEST_BYTES = 32 * 1024 * 1024


class DebFileError(OpsError):
    """A .deb file cannot be read."""


def changelogs(file: Path) -> list[str]:
    """Return the text of each Debian changelog in a .deb file: that of the source, and that of a rebuild for one architecture before it.

    There is none where the package's folder of documents is a link to another package's.

    Raises:
        DebFileError: it is no .deb file, or cut short.
    """
    package = file.name.partition("_")[0]
    wanted = re.compile(rf"(\./)?usr/share/doc/{re.escape(package)}/changelog(\.Debian(\.[\w-]+)?)?(\.gz)?")
    found: dict[str, str] = {}
    process = subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(file)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=BASE_ENVIRONMENT,
    )  # fmt: skip
    why = ""
    with process:
        try:
            with tarfile.open(fileobj=cast("IO[bytes]", process.stdout), mode="r|") as archive:
                for member in archive:
                    if member.isfile() and wanted.fullmatch(member.name) and member.size <= LARGEST_BYTES:
                        found[member.name] = _text(member.name, cast("IO[bytes]", archive.extractfile(member)).read())
            cast(
                "IO[bytes]", process.stdout
            ).read()  # what lies behind the archive's end, so that dpkg-deb ends by itself
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            why = str(error)
        said = cast("IO[bytes]", process.stderr).read().decode("utf-8", "replace").strip()
    if why or process.returncode:
        raise DebFileError(f"{file} cannot be read: {' '.join(said.split()) or why}; remove it and run again")
    texts = [found[name] for name in sorted(found, key=len, reverse=True)]
    return [text for text in texts if is_debian_changelog(text)]


def _text(name: str, content: bytes) -> str:
    return (gzip.decompress(content) if name.endswith(".gz") else content).decode("utf-8", "replace")
