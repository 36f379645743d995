# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file of a repository is damaged: the engine says only sometimes, and never by its exit status."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from .pgbackrest import Backup, BackupError, PgBackRest

__all__ = ["damaged_copies", "damaged_files"]

# pgBackRest, src/command/verify/verify.c
VERIFIED = re.compile(
    r"(invalid checksum|invalid size|invalid result|file missing|file not readable|missing) '([^']+)'"
)
SHOWN = 3


def damaged_files(engine: PgBackRest, backup: Backup, said: str) -> str:
    """Return what went wrong with the restore of a set, with the files that the engine finds damaged when it looks for them."""
    argv = ["pgbackrest", f"--stanza={engine.stanza}", "--log-level-console=info", "verify"]
    verified = engine.runner(argv, user=engine.user)  # whatever its status: what it says counts
    text = verified.stdout + verified.stderr
    # A set that builds on others uses their files too.
    chain = (backup.label, backup.label.partition("_")[0], backup.prior or "")
    files = list(dict.fromkeys(f"{path} ({what})" for what, path in VERIFIED.findall(text)))
    own = [file for file in files if file.startswith(tuple(f"{label}/" for label in chain if label))] or files
    if not own:
        return f"backup {backup.label} cannot be restored: {said}"
    more = f" and {len(own) - SHOWN} more" if len(own) > SHOWN else ""
    return f"backup {backup.label} cannot be restored, its files are damaged or gone: {', '.join(own[:SHOWN])}{more}; {said}"


def damaged_copies(engine: PgBackRest, label: str) -> Iterator[str]:
    """Yield files that differ from their copy: one of both is damaged, and the engine takes the other without a word."""
    places = (
        f"backup/{engine.stanza}/{label}/backup.manifest",
        f"backup/{engine.stanza}/backup.info",
        f"archive/{engine.stanza}/archive.info",
    )
    for place in places:
        texts = []
        for name in (place, f"{place}.copy"):
            try:
                text = engine.call("repo-get", name, what=f"reading {name}").stdout
            except BackupError as error:
                yield f"{name} is damaged or gone: {error}"
                break
            texts.append(hashlib.sha256(text.encode()).digest())
        if len(set(texts)) > 1:
            yield f"{place} and its copy differ: one of both is damaged"
