# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a whole repository are damaged or gone: the engine's own check ends well all the same, so what it says is read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from .drill_damage import VERIFIED, damaged_copies
from .pgbackrest import PgBackRest

__all__ = ["repository_damage"]

SHOWN = 10


def repository_damage(engine: PgBackRest, labels: Sequence[str]) -> tuple[str, ...]:
    """Return files that are not what they were, each with what is wrong; all of the repository is read for it.

    Args:
        labels: of the sets whose manifests are compared with their copies.

    Raises:
        CommandError: the engine cannot be run.
    """
    argv = ["pgbackrest", f"--stanza={engine.stanza}", *engine.options, "--log-level-console=info", "verify"]
    verified = engine.runner(argv, user=engine.user)
    kinds: dict[str, dict[str, None]] = {}
    for what, path in VERIFIED.findall(verified.stdout + verified.stderr):
        kinds.setdefault(what, {})[f"{path} ({what})"] = None
    # In turn: a lost bundle has many files, which must not hide the one that was changed.
    files = [file for each in zip_longest(*kinds.values()) for file in each if file]
    if not files and "status: error" in verified.stdout:
        files.append(" ".join(verified.stdout.partition("status: error")[2].split())[:300])
    if verified.status != 0 and not files:
        files.append(f"pgbackrest verify ended with status {verified.status}: {verified.said[-300:]}")
    files += list(dict.fromkeys(text for label in labels for text in damaged_copies(engine, label)))
    more = [f"+ {len(files) - SHOWN}"] if len(files) > SHOWN else []
    return tuple(files[:SHOWN] + more)
