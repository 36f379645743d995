# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a scratch server gets its WAL: each segment is compared with the checksum that the repository has in its name.

The engine hands a damaged segment out without a word, and PostgreSQL takes the first one that it cannot read for the end of the WAL.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from .files import TextFile, write_text

__all__ = ["Fetching"]

# archive-get: 0 brought, 1 not there, which is how WAL ends (pgBackRest, command reference); all else is an error.
SCRIPT = """\
# $1 is the segment, $2 where it shall lie.
{get} archive-get "$1" "$2"
status=$?
if [ $status -gt 1 ]; then
    echo "$1 cannot be read (pgbackrest: $status)" >>{damaged}
elif [ $status -eq 0 ]; then
    wanted=$(sed -n "s/^$1 //p" {sums})
    [ -z "$wanted" ] || echo "$wanted  $2" | sha1sum --check --status || echo "$1 is not what was archived" >>{damaged}
fi
exit $status
"""


class Fetching:
    """The command that brings segments, and what it found damaged.

    Args:
        folder: of the scratch server.
        owner: the system user that it runs as.
        get: pgBackRest with its options.
    """

    def __init__(self, folder: Path, owner: str, get: Sequence[str]) -> None:
        self.folder, self.owner, self.get = folder, owner, get

    @property
    def command(self) -> str:
        """The restore_command."""
        return f'/bin/sh {shlex.quote(str(self.folder / "fetch"))} %f "%p"'

    def lay(self, checksums: Mapping[str, str]) -> None:
        """Write the script; checksums (SHA-1) are the repository's, by segment."""
        places = {name: shlex.quote(str(self.folder / name)) for name in ("damaged", "sums")}
        sums = "".join(f"{name} {checksum}\n" for name, checksum in sorted(checksums.items()))
        for name, text in (
            ("fetch", SCRIPT.format(get=shlex.join(self.get), **places)),
            ("sums", sums),
            ("damaged", ""),
        ):
            write_text(TextFile(self.folder / name, text, self.owner, 0o600))

    def damaged(self) -> list[str]:
        """Return in words what was damaged of the segments that were brought, each once."""
        text = (self.folder / "damaged").read_text(encoding="utf-8", errors="replace")
        return [f"WAL segment {line}" for line in dict.fromkeys(text.splitlines())]
