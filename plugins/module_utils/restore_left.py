# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore that failed has left on the database's host, in words: what lies there, where the old data is, and what to do."""

from __future__ import annotations

from .restore_tablespaces import ASIDE
from .restore_target import COPYING, REPLAYING, SERVED, RestoreTarget

__all__ = ["left_words"]

GONE = "gone"
STOPPED = "the application stays stopped"
LEFT = {
    GONE: ("{data} holds no database, and {stopped}", "Run the same restore again"),
    COPYING: (
        "what lies in {data} is half a database, and {stopped}",
        "Run the same restore again, which completes it",
    ),
    REPLAYING: (
        "all is laid down in {data}, its WAL is not replayed to the end, and {stopped}",
        "Run the same restore again, which goes on with it",
    ),
    SERVED: (
        "what came back in {data} takes writes, but nobody has seen all that was planned in it and the application healthy on it, which may be stopped",
        "Run the same restore again, which keeps that aside too; or serve with it: traumalink.ops.site with backup_loss_confirm",
    ),
}


def left_words(target: RestoreTarget) -> str:
    """Return what is left of a restore; "" where the data is as it was before, or was not there before either."""
    data = target.data_directory
    kept = max(data.parent.glob(f"{data.name}{ASIDE}*"), default=None)  # the names end with the time
    state = target.unconcluded
    if state not in LEFT and kept and not (data / "PG_VERSION").exists():
        state = GONE
    if state not in LEFT:
        return ""
    stands, then = LEFT[state]
    old = f"; the old data lies in {kept}" if kept else ""
    return f"{stands.format(data=data, stopped=STOPPED)}{old}. {then}"
