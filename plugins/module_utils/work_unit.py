# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work of an operation as a systemd unit of its host: it outlives the controller, and leaves word of how it ended.

The unit `traumalink-<run id>.service` is transient. What it runs, what it says and how it ended lie in a folder of root in
/run, so that a reboot leaves neither. Programs and secrets are in those files only, never in an argument or a property of the unit.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .command import Runner, run_checked
from .errors import OpsError
from .work_folder import RUN_ID, Work, WorkError, judged, last_line, lay, run_script, tail, text_of, unit_name

__all__ = ["Seen", "WorkUnits"]

WORKS = Path("/run/traumalink/work")
RUNNING = ("active", "activating", "deactivating", "reloading")
STOP_SECONDS = 60  # from a request to end until the unit is killed; pgBackRest and apt need some to leave things tidy


@dataclass(frozen=True)
class Seen:
    """What is seen of a work.

    Attributes:
        state: `running`, `succeeded` (status zero), `failed` (another status), `killed`, or `absent`: this host knows nothing of it.
        seconds: how long it has run, or ran.
        progress: the last line that it wrote to standard error, "" where there is none.
        how: how it ended, as the end of a sentence about the unit; "" while it runs and where it succeeded.
        output, errors: standard output, and the end of standard error, once it has ended.
    """

    run_id: str
    state: str
    module: str = ""
    title: str = ""
    seconds: float = 0.0
    progress: str = ""
    how: str = ""
    output: str = ""
    errors: str = ""

    def facts(self) -> dict[str, Any]:
        """Return plain data, without output and errors."""
        names = ("run_id", "state", "module", "title", "progress", "how")
        return {
            **{name: getattr(self, name) for name in names},
            "unit": unit_name(self.run_id),
            "seconds": round(self.seconds, 1),
        }


def scratch_folder(path: str) -> str:
    """Return the path of a scratch folder, which systemd will have removed.

    Raises:
        WorkError: it may not be removed as a whole, or cannot stand in a property of a unit.
    """
    if not re.fullmatch(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*){3,}", path):
        raise WorkError(
            f"{path!r} is no scratch folder; name one of its own, at least three folders deep, as an absolute path"
        )
    return path


def host_uptime() -> float:
    """Return seconds since the host came up: unlike the clock it is never set. The unit reads the same when it ends."""
    return float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])


@dataclass(frozen=True)
class WorkUnits:
    """The works of this host."""

    runner: Runner
    works: Path = WORKS
    uptime: Callable[[], float] = host_uptime
    sleep: Callable[[float], None] = time.sleep

    def folder(self, run_id: str) -> Path:
        """Return where a run's files lie."""
        unit_name(run_id)
        return self.works / run_id

    def start(self, work: Work) -> bool:
        """Start the work; return False where the same work runs already, or has ended and its result was not fetched.

        Raises:
            WorkError: other work of this run still runs, or systemd did not start the unit.
        """
        unit = unit_name(work.run_id)
        if work.scratch:
            scratch_folder(work.scratch)
        script = run_script(self.folder(work.run_id), work)
        with self._one_at_a_time():
            if self._settled(work.run_id).exists():
                raise WorkError(f"{unit} is not started: another operation has settled this one and gone on")
            seen = self.look(work.run_id)
            if seen.state != "absent" and self._note(work.run_id).get("fingerprint") == work.fingerprint:
                return False
            if seen.state == "running":
                raise WorkError(
                    f"{unit} still runs here ({seen.title}, since {seen.seconds:.0f} s); wait for it, or end it with "
                    f"traumalink.ops.work_unit: {{action: end, run_id: {work.run_id}}}"
                )
            shutil.rmtree(self.folder(work.run_id), ignore_errors=True)
            try:
                lay(self.folder(work.run_id), work, script, self.uptime())
                run_checked(self.runner, self._start_command(work), f"starting {unit}")
            except (OSError, OpsError) as error:
                shutil.rmtree(self.folder(work.run_id), ignore_errors=True)
                raise WorkError(f"{unit} was not started: {error}") from error
        return True

    def look(self, run_id: str) -> Seen:
        """Return what is to be seen of a work now."""
        # The end is noted before the unit is gone, so asked in this order an end between the questions is seen as one.
        runs = self._runs(run_id)
        folder = self.folder(run_id)
        if not folder.is_dir():
            return Seen(run_id, "running" if runs else "absent", how="" if runs else "is not known to this host")
        note = self._note(run_id)
        errors = tail(folder / "errors")
        ended = text_of(folder / "ended").split()
        until = float(ended[3]) if len(ended) == 4 else self.uptime()
        seen = Seen(
            run_id,
            "running",
            module=str(note.get("module", "")),
            title=str(note.get("title", "")),
            seconds=max(0.0, until - float(note.get("started_uptime", until))),
            progress=last_line(errors),
        )
        if runs:
            return seen
        state, how = judged(ended, text_of(folder / "end_reason"))
        found = {**seen.__dict__, "state": state, "how": how, "errors": errors}
        return Seen(**{**found, "output": text_of(folder / "output")})

    def wait(self, run_id: str, wait_seconds: float) -> Seen:
        """Look again and again until the work has ended, at most so long."""
        deadline = self.uptime() + wait_seconds
        ended = self.folder(run_id) / "ended"
        while True:
            seen = self.look(run_id)
            if seen.state != "running" or self.uptime() >= deadline:
                return seen
            for _ in range(10):  # the note costs nothing to look for, systemd something to ask
                self.sleep(0.1)
                if ended.exists() or self.uptime() >= deadline:
                    break

    def look_all(self) -> list[Seen]:
        """Return all works of this host, oldest run first: those that run, and those whose result nobody has fetched."""
        argv = ["systemctl", "list-units", "--all", "--plain", "--no-legend", "--full", "traumalink-*.service"]
        listed = run_checked(self.runner, argv, "listing the units of operations").stdout.splitlines()
        names = [
            line.split()[0].removeprefix("traumalink-").removesuffix(".service") for line in listed if line.strip()
        ]
        folders = [path.name for path in self.works.iterdir()] if self.works.is_dir() else []
        found = [self.look(run_id) for run_id in sorted({*names, *folders}) if RUN_ID.fullmatch(run_id)]
        return [seen for seen in found if seen.state != "absent"]

    def end(self, run_id: str, reason: str, *, settles: bool = True) -> tuple[bool, Seen]:
        """Stop a work that runs, and let this run start nothing here any more; return whether it ran, and how it ended.

        Args:
            settles: False where the run itself ends what it has left, and works on to undo it.

        Raises:
            WorkError: it still runs after all that systemd does to end it.
        """
        unit = unit_name(run_id)
        with self._one_at_a_time():
            # From now on nothing of this run starts here, also not what its controller was about to start.
            if settles:
                self._settled(run_id).touch(mode=0o600)
        seen = self.look(run_id)
        if seen.state != "running":
            return False, seen
        if self.folder(run_id).is_dir():
            (self.folder(run_id) / "end_reason").write_text(reason, encoding="utf-8")
        done = self.runner(["systemctl", "stop", unit], timeout_seconds=2 * STOP_SECONDS)
        seen = self.wait(run_id, 5)
        if seen.state == "running":
            raise WorkError(f"{unit} does not end: {done.said or 'systemctl stop'}; look at systemctl status {unit}")
        return True, seen

    def tidy(self, run_id: str) -> bool:
        """Forget a work that has ended, with its result; return whether there was one.

        Raises:
            WorkError: it still runs.
        """
        folder = self.folder(run_id)
        if self._runs(run_id):
            raise WorkError(f"{unit_name(run_id)} still runs; wait for it or end it first")
        there = folder.is_dir()
        if there:
            shutil.rmtree(folder)
        return there

    def booted_at(self) -> str:
        """Return since when this host is up (ISO 8601, UTC); another answer than before means that it was restarted."""
        argv = ["systemctl", "show", "--timestamp=unix", "-p", "UserspaceTimestamp"]
        found = run_checked(self.runner, argv, "asking systemd since when it runs").stdout.partition("=@")[2].strip()
        if not found.isdigit():
            raise WorkError("systemd does not say since when it runs; work needs a host with systemd")
        return datetime.fromtimestamp(int(found), UTC).isoformat()

    def _settled(self, run_id: str) -> Path:
        """Return the mark that an operation was ended on this host; a reboot, which ends its work too, takes it away."""
        return self.works / f"{run_id}.settled"

    def _runs(self, run_id: str) -> bool:
        argv = ["systemctl", "show", "-p", "ActiveState", "--value", unit_name(run_id)]
        return run_checked(self.runner, argv, f"asking systemd for {unit_name(run_id)}").stdout.strip() in RUNNING

    def _note(self, run_id: str) -> dict[str, Any]:
        text = text_of(self.folder(run_id) / "work.json")
        note: dict[str, Any] = json.loads(text) if text else {}
        return note

    def _start_command(self, work: Work) -> list[str]:
        folder = self.folder(work.run_id)
        properties = [
            ("Type", "exec"),
            ("KillMode", "control-group"),
            ("TimeoutStopSec", f"{STOP_SECONDS}s"),
            ("ExecStopPost", f"/bin/sh {folder}/ended.sh {folder}"),
        ]
        if work.scratch:  # after the word of its end: until it is gone the unit counts as running
            properties.append(("ExecStopPost", f"/bin/rm -rf --one-file-system {scratch_folder(work.scratch)}"))
        return [
            "systemd-run", "--quiet", "--collect", f"--unit={unit_name(work.run_id)}", f"--description={work.title}",
            *(f"--property={name}={value}" for name, value in properties), "--", "/bin/sh", f"{folder}/run",
        ]  # fmt: skip

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Let two starts of the same run see each other."""
        try:
            self.works.parent.mkdir(mode=0o755, exist_ok=True)
            self.works.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(self.works, os.O_RDONLY | os.O_DIRECTORY)
        except PermissionError as error:
            raise WorkError(
                f"{error.filename} belongs to root; add become: true, without another become_user"
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
