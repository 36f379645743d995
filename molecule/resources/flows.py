"""What verifiers share: hosts of the lab by name, and runs of playbooks with what they came to."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import testinfra
from testinfra.host import Host

ROOT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
LAB = ROOT / "build" / "lab" / os.environ["LAB_NAME"]
BARE = ROOT / "molecule" / "resources" / "bare"
SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.M)


def address(name: str) -> str:
    """Return the address of a host of the lab."""
    hosts = json.loads((LAB / "inventory" / "hosts.json").read_text(encoding="utf-8"))["all"]["hosts"]
    return str(hosts[name]["ansible_host"])


@functools.cache
def at(name: str) -> Host:
    """Return a host of the lab; commands run there as root."""
    reach = json.loads((LAB / "inventory" / "hosts.json").read_text(encoding="utf-8"))["all"]["vars"]
    return testinfra.get_host(
        f"ssh://{reach['ansible_user']}@{address(name)}",
        ssh_identity_file=reach["ansible_ssh_private_key_file"],
        ssh_extra_args=reach["ansible_ssh_common_args"],
        sudo=True,
    )


def reach(name: str, command: str) -> list[str]:
    """Return the words that run a command of the shell as root on a host of the lab, for what goes through a pipe."""
    common = json.loads((LAB / "inventory" / "hosts.json").read_text(encoding="utf-8"))["all"]["vars"]
    words = ["ssh", "-i", common["ansible_ssh_private_key_file"], *shlex.split(common["ansible_ssh_common_args"])]
    return [*words, f"{common['ansible_user']}@{address(name)}", f"sudo sh -c {shlex.quote(command)}"]


@dataclass(frozen=True)
class Run:
    """A run of a playbook: its exit status, its whole output, and how many tasks changed something on which host."""

    status: int
    output: str

    @property
    def changed(self) -> dict[str, int]:
        """Tasks that changed something, by host; hosts without any are left out."""
        return {host: int(count) for host, count, _unreachable, _failed in RECAP.findall(self.output) if int(count)}

    @property
    def succeeded(self) -> bool:
        """Whether the run ended well and really ran on hosts."""
        return self.status == 0 and bool(RECAP.search(self.output))

    def says(self, text: str) -> bool:
        """Tell whether the output holds a text, whatever the line breaks in it."""
        return text in " ".join(self.output.replace("''", "'").split())


def play(playbook: str | Path, *arguments: str, inventories: tuple[Path, ...] | None = None, **environment: str) -> Run:
    """Run a playbook (of the collection by its name, or a file) on the lab; other inventories take the lab's place.

    An empty value in `environment` takes a variable away.
    """
    name = str(playbook) if isinstance(playbook, Path) else f"traumalink.ops.{playbook}"
    places = inventories if inventories is not None else (ROOT / "inventories" / "lab", LAB / "inventory")
    argv = ["ansible-playbook", name, *(f"--inventory={place}" for place in places), *arguments]
    variables = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", **environment}
    variables = {key: value for key, value in variables.items() if value and key != "ANSIBLE_FORCE_COLOR"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=variables)
    return Run(done.returncode, done.stdout + done.stderr)


def converge(*arguments: str) -> Run:
    """Run the scenario's own converge playbook once more."""
    return play(SCENARIO / "converge.yml", *arguments)


def lab(*argv: str) -> None:
    """Run a command of tests/lab/lab.py."""
    done = subprocess.run([str(ROOT / "tests" / "lab" / "lab.py"), *argv], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def install(host: str, *packages: str) -> None:
    """Install packages of the host's own release, as somebody at its keyboard would, and wait for another who installs."""
    apt = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3"
    done = at(host).run(f"{apt} install -y --no-install-recommends {' '.join(packages)} </dev/null 2>&1")
    assert done.rc == 0, f"{host} did not install {' '.join(packages)}: {done.stdout[-2000:]}"


def sql(statement: str, database: str = "postgres", host: str = "db1") -> str:
    """Return what a statement answers, asked as the server's own system user."""
    return answered((statement,), database, host)


def session(*statements: str, database: str, host: str = "db1") -> list[str]:
    """Return the lines that statements answer, each committed by itself, in one session."""
    return answered(statements, database, host).splitlines()


def answered(statements: Sequence[str], database: str, host: str) -> str:
    """Return what psql prints."""
    command = "runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d %s" + " -c %s" * len(statements)
    done = at(host).run(command, database, *statements)
    assert done.rc == 0, done.stderr
    return str(done.stdout).strip()
