"""A lab as a person at a terminal reaches it: commands on its hosts over SSH, playbooks, and what they report."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STATISTICS = re.compile(r"^CUSTOM STATS: \*+\s+RUN: (\{.*\})\s*$", re.M)


class SiteError(Exception):
    """A command or playbook failed; the message says which, and where its output is."""


@dataclass(frozen=True)
class Site:
    """One lab, with the folder into which its logs go, and how nice its playbooks are to the rest of the machine (`nice`)."""

    directory: Path
    logs: Path
    niceness: int = 0

    @property
    def hosts(self) -> dict[str, Any]:
        """Variables of the lab's hosts, as lab.py wrote them."""
        inventory = json.loads((self.directory / "inventory" / "hosts.json").read_text(encoding="utf-8"))
        hosts: dict[str, Any] = inventory["all"]["hosts"]
        return {name: {**inventory["all"]["vars"], **variables} for name, variables in hosts.items()}

    def address(self, host: str) -> str:
        """Return a host's address."""
        return str(self.hosts[host]["ansible_host"])

    def ssh(self, host: str, argv: Sequence[str]) -> list[str]:
        """Return the command that runs `argv` as root on a host."""
        variables = self.hosts[host]
        control = variables["ansible_control_path"].replace("%%", "%")
        return [
            "ssh", "-q", "-i", variables["ansible_ssh_private_key_file"],
            *shlex.split(variables["ansible_ssh_common_args"]),
            "-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-o", f"ControlPath={control}-{os.getpid()}",
            f"{variables['ansible_user']}@{variables['ansible_host']}", "sudo", *map(shlex.quote, argv),
        ]  # fmt: skip

    def run(self, host: str, *argv: str, stdin: str | None = None, show_errors: bool = False) -> str:
        """Run a command as root on a host and return its output; with `show_errors` its progress is shown as it comes.

        Raises:
            SiteError: it ended with another status than zero.
        """
        stderr = None if show_errors else subprocess.PIPE
        done = subprocess.run(
            self.ssh(host, argv), input=stdin, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False
        )
        if done.returncode != 0:
            raise SiteError(
                f"{host}: {' '.join(argv)[:200]} ended with {done.returncode}: {done.stderr or done.stdout}"
            )
        return done.stdout

    def application(self, host: str, *argv: str, stdin: str | None = None, show_errors: bool = False) -> str:
        """Run a Python module of the running release on an app host, as its user and with its environment."""
        slot = json.loads(self.run(host, "cat", "/var/lib/traumalink/trauma/releases.json"))["current"]["slot"]
        return self.run(
            host, "systemd-run", "--quiet", "--pipe", "--wait", "--collect", "-p", "User=trauma",
            "-p", f"EnvironmentFile=/etc/traumalink/trauma/{slot}.env", "-p", f"WorkingDirectory=/opt/trauma/slots/{slot}",
            "/usr/bin/python3", "-m", *argv, stdin=stdin, show_errors=show_errors,
        )  # fmt: skip

    def sql(self, statement: str, database: str = "trauma", host: str = "db1") -> str:
        """Return the first field of a statement's first row, asked as the server's own user."""
        argv = [
            "runuser",
            "-u",
            "postgres",
            "--",
            "psql",
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
            "-c",
            statement,
        ]
        return self.run(host, *argv).split("\n", 1)[0].split("|", 1)[0]

    def playbook(self, name: str, *arguments: str, seen: Callable[[str], None] | None = None) -> dict[str, Any]:
        """Run a playbook of the collection, or a file `….yml`, show what it changes as it goes, and return what it reports (set_stats).

        `seen` is given the name of each task, as the task begins.

        Raises:
            SiteError: it failed; its whole output is in the log.
        """
        log = self.logs / f"{Path(name).stem}-{time.strftime('%H%M%S')}.log"
        playbook = name if name.endswith(".yml") else f"traumalink.ops.{name}"
        argv = ["nice", "-n", str(self.niceness), "ansible-playbook", playbook, *arguments]
        environment = {
            **os.environ,
            "ANSIBLE_SHOW_CUSTOM_STATS": "true",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            # Without those that change nothing, a task is named when its first result is there.
            "ANSIBLE_DISPLAY_OK_HOSTS": str(seen is not None).lower(),
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
            "PYTHONUNBUFFERED": "1",
        }
        with log.open("w", encoding="utf-8") as stream, subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        ) as process:  # fmt: skip
            assert process.stdout is not None
            task = ""
            for line in process.stdout:
                stream.write(line)
                if line.startswith("TASK"):
                    task = line
                    if seen is not None:
                        seen(line[line.index("[") + 1 : line.rindex("]")])
                elif line.startswith(("changed:", "fatal:", "[ERROR]")) or '"msg":' in line:
                    _show(task)
                    _show(line)
                    task = ""
        if process.returncode != 0:
            raise SiteError(f"{playbook} failed with status {process.returncode}; its output is in {log}")
        return reported(log.read_text(encoding="utf-8"))


def _show(line: str) -> None:
    """Show a line of a playbook's output, without the asterisks that fill it up."""
    if line:
        print("    " + line.rstrip("* \n"), flush=True)


def reported(output: str) -> dict[str, Any]:
    """Return what a playbook reported with set_stats, out of its output."""
    found = STATISTICS.search(output)
    statistics: dict[str, Any] = json.loads(found[1]) if found else {}
    return statistics
