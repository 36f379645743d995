# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a work in its folder: what it is, what it says, and how it ended."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import OpsError
from .progress import WORK_VARIABLE

__all__ = ["RUN_ID", "Work", "WorkError", "judged", "last_line", "lay", "run_script", "tail", "text_of", "unit_name"]

RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")  # record.py: UTC start time and six digits
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TAIL_BYTES = 4096
PROGRESS_CHARACTERS = 200

# systemd.exec(5), "$EXIT_CODE, $EXIT_STATUS" and "$SERVICE_RESULT". The secrets go at once, the result waits to be fetched.
ENDED_SCRIPT = """\
umask 077
cd "$1" || exit 1
read -r uptime rest </proc/uptime
echo "$SERVICE_RESULT $EXIT_CODE $EXIT_STATUS $uptime" >ended.new
mv ended.new ended
rm -f program run
"""


class WorkError(OpsError):
    """The work cannot be started, looked at or ended."""


@dataclass(frozen=True)
class Work:
    """What is to be run as one unit.

    Attributes:
        program: source text that `interpreter` reads from standard input; it may hold secrets.
        environment: variables of the process; they may hold secrets.
        fingerprint: equal where it is the same work: a second start then joins the first one.
        scratch: a folder that is removed when the unit has ended, however it ended; "" where there is none.
    """

    run_id: str
    module: str
    title: str
    program: str
    fingerprint: str
    interpreter: Sequence[str] = ("/usr/bin/python3",)
    environment: Mapping[str, str] | None = None
    scratch: str = ""


def unit_name(run_id: str) -> str:
    """Return the name of a run's unit.

    Raises:
        WorkError: this is no run id; a path or an option of systemd must never be made of it.
    """
    if not RUN_ID.fullmatch(run_id):
        raise WorkError(f"{run_id!r} is no run id; it looks like 20261125-033000-3f9a2c")
    return f"traumalink-{run_id}.service"


def lay(folder: Path, work: Work, script: str, uptime_seconds: float) -> None:
    """Make the folder of a work that is about to start; only its owner can look into it."""
    note = {"module": work.module, "title": work.title, "fingerprint": work.fingerprint}
    content = {
        "program": work.program,
        "run": script,
        "ended.sh": ENDED_SCRIPT,
        "work.json": json.dumps({**note, "started_uptime": uptime_seconds}),
        "output": "",
        "errors": "",
    }
    folder.mkdir(mode=0o700)
    for name, text in content.items():
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)


def run_script(folder: Path, work: Work) -> str:
    """Return the shell script that becomes the work: as root with the given variables, its output into the folder.

    Raises:
        WorkError: a variable's name is none.
    """
    variables = {
        "HOME": "/root",
        "USER": "root",
        "LOGNAME": "root",
        **(work.environment or {}),
        WORK_VARIABLE: work.run_id,
    }
    if odd := [name for name in variables if not VARIABLE.fullmatch(name)]:
        raise WorkError(f"the environment variable {odd[0]!r} has an odd name; use letters, digits and _")
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    place = shlex.quote(str(folder))
    return "\n".join(
        [*exports, f"exec {shlex.join(work.interpreter)} <{place}/program >{place}/output 2>{place}/errors", ""]
    )


def judged(ended: Sequence[str], end_reason: str) -> tuple[str, str]:
    """Return state and `how` of a unit that no longer runs.

    Args:
        ended: what the unit left: systemd's result, exit code, exit status, uptime in seconds; empty where it left nothing.
        end_reason: why somebody asked for its end, "" where nobody did.
    """
    if len(ended) != 4:
        return "killed", "is gone and left no word of its end"
    result, code, status, _uptime = ended
    if (code, status) == ("exited", "0"):
        return "succeeded", ""
    if end_reason:
        return "killed", f"was ended on request: {' '.join(end_reason.split())}"
    if code == "exited":
        return "failed", f"ended with status {status}"
    if result == "oom-kill":
        return "killed", "was killed because the host ran out of memory"
    return "killed", f"was killed by signal {status}"


def text_of(path: Path) -> str:
    """Return a file's text, "" where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def tail(path: Path) -> str:
    """Return the end of a file's text."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - TAIL_BYTES))
            return stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def last_line(text: str) -> str:
    """Return the last line that says something, fit for a terminal: without control characters, and not too long."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", lines[-1])[:PROGRESS_CHARACTERS] if lines else ""
