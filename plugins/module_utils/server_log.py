# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PostgreSQL server's log tells of the reason why the server does not come up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ServerLog"]

LOG_ROOT = Path("/var/log/postgresql")
MOST_BYTES = 256 * 1024
MOST_REASONS = 5
TAIL_LINES = 5
# The words of PostgreSQL's catalogues (src/backend/po/zh_CN.po) stand beside the English ones: lc_messages chooses.
REASON = re.compile(r"(?:FATAL|PANIC|致命错误|比致命错误还过分的错误)[:：] *(?P<words>.*)")
EXPLANATION = re.compile(r"(?:DETAIL|HINT|详细信息|描述|提示)[:：] ")
# Connections that are turned away meanwhile, our own questions among them.
TURNED_AWAY = re.compile(r"the database system is |terminating (?:connection|background worker) ")


@dataclass(frozen=True)
class ServerLog:
    """A server's log from one moment on.

    Attributes:
        path: Debian's log file of the cluster.
        begin_bytes: how long it was at that moment; what stands before is an earlier life's.
    """

    path: Path
    begin_bytes: int = 0

    @classmethod
    def of(cls, version: str, name: str) -> ServerLog:
        """Return the log of a Debian cluster from now on."""
        path = LOG_ROOT / f"postgresql-{version}-{name}.log"
        return cls(path, path.stat().st_size if path.exists() else 0)

    @property
    def words(self) -> str:
        """What it says: the last reasons for an end (FATAL, PANIC) with what explains them, and how it ends."""
        if not self.path.exists():
            return f"{self.path} does not exist"
        lines = self.lines()
        reasons = reasons_in(lines)
        quoted = {line for reason in reasons for line in reason}
        tail = [line for line in lines[-TAIL_LINES:] if line not in quoted]
        said = [f"says: {' | '.join(line for reason in reasons for line in reason)}"] if reasons else []
        return f"{self.path} " + "; it ".join(
            [*said, *([f"ends with: {' | '.join(tail)}"] if tail or not said else [])]
        )

    def lines(self) -> list[str]:
        """Return the lines since the moment; where there is none yet, all of them."""
        with self.path.open("rb") as stream:
            size = stream.seek(0, 2)
            begin = self.begin_bytes if self.begin_bytes < size else 0  # rotated meanwhile, or nothing new
            stream.seek(max(begin, size - MOST_BYTES))
            return stream.read().decode("utf-8", "replace").splitlines()


def reasons_in(lines: list[str]) -> list[list[str]]:
    """Return the last few reasons, each with the lines that explain it; what is said again and again stands once."""
    reasons: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        if found := REASON.search(line):
            current = None if TURNED_AWAY.match(found["words"]) else [line]
            if current:
                reasons.pop(found["words"], None)
                reasons[found["words"]] = current
        elif current and EXPLANATION.search(line):
            current.append(line)
        else:
            current = None
    return list(reasons.values())[-MOST_REASONS:]
