# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in a slot of an app host: the files of its units, and the units themselves."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .command import Runner, run_checked
from .database_access import DatabaseAccess
from .errors import RELEASE_FAULT, CodedError, OpsError
from .files import TextFile, diff_of, fingerprint, write_text
from .manifest import Process
from .service import Service, ensure, properties, remember
from .units import environment_file, instance_drop_in, template_unit, unit_name

__all__ = ["Outcome", "SlotError", "SlotPlan", "bring"]

# A process that cannot live dies within this time: too little memory, a missing library, a port that is taken.
SETTLE_SECONDS = 2.0
JOURNAL_LINES = "12"
MARK = "TRAUMALINK_READ"


class SlotError(CodedError):
    """A process of the slot does not start, or does not stay up."""

    code = RELEASE_FAULT


@dataclass(frozen=True)
class SlotPlan:
    """A slot as it should be.

    Attributes:
        name: the application.
        slot: `blue` or `green`.
        release: name and version, for people who read the drop-ins.
        processes: the processes of the release in this slot.
        user: the system user they run as.
        environment: what every process is told; PGPASSFILE and DATABASE_DSN are added.
        database: how they reach the database.
        singletons: whether this host, in this slot, runs the singleton processes.
        watched: further files that a process reads at its start; when one changes, it is restarted.
    """

    name: str
    slot: str
    release: str
    processes: Sequence[Process]
    user: str
    environment: Mapping[str, str]
    database: DatabaseAccess
    singletons: bool
    watched: Sequence[Path] = ()
    units_folder: Path = Path("/etc/systemd/system")
    configuration_root: Path = Path("/etc/traumalink")
    root: Path = Path("/opt")
    stamps: Path = Path("/run/traumalink")

    @property
    def configuration(self) -> Path:
        """The folder of the application's settings on this host."""
        return self.configuration_root / self.name

    @property
    def slot_folder(self) -> Path:
        """The slot's link."""
        return self.root / self.name / "slots" / self.slot

    @property
    def environment_path(self) -> Path:
        """The slot's environment file."""
        return self.configuration / f"{self.slot}.env"

    def unit_files(self, process: Process) -> list[TextFile]:
        """Return the two unit files of a process."""
        template = self.units_folder / f"{self.name}-{process.name}@.service"
        drop_in = self.units_folder / f"{unit_name(self.name, process.name, self.slot)}.d" / "release.conf"
        slots = str(self.slot_folder.parent)
        return [
            TextFile(template, template_unit(self.name, process, self.user, str(self.configuration), slots)),
            TextFile(drop_in, instance_drop_in(process, str(self.slot_folder), self.release)),
        ]

    def secret_file(self) -> TextFile:
        """Return the password file. It is not watched: libpq reads it at every connection."""
        return TextFile(self.configuration / "pgpass", self.database.pgpass(), self.user, 0o600)

    def plain_files(self) -> list[TextFile]:
        """Return all files without a secret; the environment file is the last.

        It carries a mark of everything that a process reads at its start, so that a running process tells itself what it has
        read, however it was started: by this module, at boot, or by systemd after a crash.
        """
        files = [file for process in self.processes for file in self.unit_files(process)]
        variables = {
            **self.environment,
            "SLOT": self.slot,
            "DATABASE_DSN": self.database.conninfo(),
            "PGPASSFILE": str(self.configuration / "pgpass"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        read = [*(file.content for file in files), str(sorted(variables.items()))]
        read.append(fingerprint([self.slot_folder / "release.yml", *self.watched]))
        variables[MARK] = hashlib.sha256("\0".join(read).encode()).hexdigest()
        return [*files, TextFile(self.environment_path, environment_file(variables), mode=0o600)]

    def runs_here(self, process: Process) -> bool:
        """Tell whether a process belongs on this host."""
        return self.singletons or not process.singleton

    def service(self, process: Process) -> Service:
        """Return the unit of a process with every file that it reads at its start."""
        files = [*(file.path for file in self.unit_files(process)), self.environment_path]
        # All units settle together, in `bring`.
        return Service(unit_name(self.name, process.name, self.slot), files, "restart", self.stamps, settle_seconds=0)


@dataclass
class Outcome:
    """What was done, or would be: steps in words, units that wait for a restart, and the diff of plain files."""

    changed: bool = False
    steps: list[str] = field(default_factory=list)
    restart_pending: list[str] = field(default_factory=list)
    diff: list[dict[str, str]] = field(default_factory=list)


def bring(
    plan: SlotPlan,
    state: str,
    runner: Runner,
    *,
    restart: bool = True,
    check: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    environment_of: Callable[[str], bytes] = lambda pid: Path("/proc", pid, "environ").read_bytes(),
) -> Outcome:
    """Bring the slot to `state`: `present` (files only), `started` or `stopped`.

    With `restart` false, a running process that would have to be restarted is left alone and named in the outcome.

    Raises:
        OpsError: a file cannot be written, or a process does not stay up.
    """
    outcome = Outcome()
    pending = {file.path for file in plan.plain_files() if file.current() != file.content}
    _write(plan, outcome, runner, check=check)
    started: list[tuple[Service, dict[str, str]]] = []
    for process in plan.processes:
        service = plan.service(process)
        if state == "stopped" or (state == "started" and not plan.runs_here(process)):
            _stop(service, runner, outcome, check=check)
        elif state == "started" and _start(
            service, runner, outcome, _Reading(plan, pending, environment_of), restart=restart, check=check
        ):
            started.append((service, {} if check else _life(service, runner)))
    if started and not check:
        sleep(SETTLE_SECONDS)
        for service, before in started:
            _see_alive(service, before, runner)
    outcome.changed = outcome.changed or bool(outcome.steps)
    return outcome


@dataclass(frozen=True)
class _Reading:
    """What the processes of a slot should have read: files not yet written (check mode), and how a process is asked."""

    plan: SlotPlan
    pending: set[Path]
    environment_of: Callable[[str], bytes]

    def is_current(self, service: Service, runner: Runner) -> bool:
        """Tell whether the unit's process has read everything as it is now."""
        wanted = self.plan.plain_files()[-1].content
        show = ["systemctl", "show", "-p", "MainPID,NeedDaemonReload", service.name]
        said = run_checked(runner, show, f"asking systemd for {service.name}").stdout
        found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        if found.get("MainPID", "0") == "0" or found.get("NeedDaemonReload") == "yes":
            return False
        try:
            variables = self.environment_of(found["MainPID"]).decode(errors="replace").split("\0")
        except OSError:
            return False
        mark = next((value for key, _, value in (each.partition("=") for each in variables) if key == MARK), "")
        return bool(mark) and f'{MARK}="{mark}"' in wanted.splitlines()


def _write(plan: SlotPlan, outcome: Outcome, runner: Runner, *, check: bool) -> None:
    files, secret = plan.plain_files(), plan.secret_file()
    outcome.diff = diff_of(files)
    if secret.current() != secret.content:
        outcome.diff.append({"before": "", "after": "(a new password, not shown)\n", "after_header": str(secret.path)})
    if check:
        outcome.changed = bool(outcome.diff)
        return
    # Readable, as the processes need it: the secrets in there have modes of their own.
    plan.configuration.mkdir(mode=0o755, parents=True, exist_ok=True)
    for file in [secret, *files]:
        if file is files[-1] and outcome.changed:
            # Before the mark: a process that systemd starts from now on has read the new unit files.
            run_checked(runner, ["systemctl", "daemon-reload"], "reading systemd's unit files")
        file.path.parent.mkdir(mode=0o755, exist_ok=True)
        outcome.changed = write_text(file) or outcome.changed


def _start(
    service: Service, runner: Runner, outcome: Outcome, reading: _Reading, *, restart: bool, check: bool
) -> bool:
    """Start or restart a unit where needed; return whether it has new processes (or would have)."""
    steps = ensure(service, runner, check=True)
    # In check mode the files are not written yet, so the unit still fits what is on the disk.
    if check and reading.pending & set(service.files) and not {"start", "restart"} & set(steps):
        steps = [*steps, "restart"]
    if "restart" in steps and reading.is_current(service, runner):
        # It was started anew without us, with the files as they are.
        steps.remove("restart")
        if not check:
            remember(service, runner, properties(service, runner))
    if "restart" in steps and not restart:
        outcome.restart_pending.append(service.name)
        return False
    if not check:
        try:
            steps = ensure(service, runner)
        except OpsError as error:
            raise SlotError(f"{error}. {_last_words(service, runner)}") from None
    outcome.steps += [f"{step} {service.name}" for step in steps]
    return bool({"start", "restart"} & set(steps))


def _stop(service: Service, runner: Runner, outcome: Outcome, *, check: bool) -> None:
    found = properties(service, runner)
    verbs = []
    if found.get("UnitFileState") == "enabled":
        verbs.append("disable")
    if found.get("ActiveState") not in ("inactive", None):
        verbs.append("stop")
    for verb in verbs:
        outcome.steps.append(f"{verb} {service.name}")
        if not check:
            run_checked(runner, ["systemctl", verb, service.name], f"{verb} {service.name}")


def _life(service: Service, runner: Runner) -> dict[str, str]:
    show = ["systemctl", "show", "-p", "ActiveState,SubState,NRestarts,Result", service.name]
    said = run_checked(runner, show, f"asking systemd for {service.name}").stdout
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def _see_alive(service: Service, before: dict[str, str], runner: Runner) -> None:
    """Raise SlotError unless the unit runs, and has not been restarted by systemd since `before`."""
    found = _life(service, runner)
    running = (found.get("ActiveState"), found.get("SubState")) == ("active", "running")
    if running and found.get("NRestarts") == before.get("NRestarts"):
        return
    raise SlotError(
        f"{service.name} does not stay up ({found.get('ActiveState')}, {found.get('Result')}). {_last_words(service, runner)}"
    )


def _last_words(service: Service, runner: Runner) -> str:
    journal = ["journalctl", "-u", service.name, "-n", JOURNAL_LINES, "--no-pager", "-o", "cat"]
    last = " | ".join(runner(journal).stdout.strip().splitlines())
    return f"Its last words: {last}. More by: journalctl -u {service.name}"
