"""An upgrade as it is usually done: stop on all hosts, unpack, migrate, start. Done on a site of this collection, and undone again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from figures import PLACE, ROOT

sys.path.insert(0, str(ROOT / "tests" / "lab"))
from site_access import Site

PLACE_ON_HOST = "/opt/trauma/usual"
DSN = "host={host} dbname=trauma user=trauma_owner sslmode=verify-full sslrootcert=/etc/traumalink/tls/ca.crt"


class UsualWay:
    """One such upgrade of a site: its playbook stops the hosts together, and starts them when all is done."""

    def __init__(self, site: Site, hosts: tuple[str, ...], archive: Path, migrations: tuple[str, ...]) -> None:
        self._site, self._hosts, self._archive, self._migrations = site, hosts, archive, migrations
        registers = {
            host: json.loads(site.run(host, "cat", "/var/lib/traumalink/trauma/releases.json")) for host in hosts
        }
        self._slots = {host: str(register["current"]["slot"]) for host, register in registers.items()}
        self._before = {host: site.run(host, "readlink", self._link(host)).strip() for host in hosts}

    def _link(self, host: str) -> str:
        return f"/opt/trauma/slots/{self._slots[host]}"

    def _units(self, host: str) -> list[str]:
        of_one = [f"trauma-registry-worker@{self._slots[host]}"] if host == self._hosts[0] else []
        return [f"trauma-web@{self._slots[host]}", *of_one]

    def upgrade(self) -> None:
        """Run the playbook. Raises `SiteError`."""
        playbook = PLACE / "usual-way.yml"
        playbook.write_text(json.dumps(self._plays(), indent=1), encoding="utf-8")
        self._site.playbook(str(playbook))

    def _plays(self) -> list[dict[str, Any]]:
        environment = {
            "DATABASE_DSN": DSN.format(host=self._site.address("db1")),
            "PGPASSWORD": "{{ deploy_database_owner_password }}",
        }
        services = {"name": "{{ item }}"}
        turns = {"loop": "{{ units[inventory_hostname] }}"}
        migrate = [
            {
                "name": f"Migrate {revision}",
                "ansible.builtin.command": {
                    "argv": ["/usr/bin/python3", "-m", "trauma.migrate", "apply", revision],
                    "chdir": PLACE_ON_HOST,
                },
                "environment": environment,
                "run_once": True,
            }
            for revision in self._migrations
        ]
        return [
            {
                "hosts": "app",
                "become": True,
                "gather_facts": False,
                "vars": {"units": {host: self._units(host) for host in self._hosts}, "links": {host: self._link(host) for host in self._hosts}},
                "tasks": [
                    {"name": "Stop", "ansible.builtin.systemd_service": {**services, "state": "stopped"}, **turns},
                    {"name": "Make room", "ansible.builtin.file": {"path": PLACE_ON_HOST, "state": "directory", "mode": "0755"}},
                    {"name": "Unpack", "ansible.builtin.unarchive": {"src": str(self._archive), "dest": PLACE_ON_HOST, "extra_opts": ["--strip-components=1"]}},
                    {"name": "Lead the unit there", "ansible.builtin.file": {"src": PLACE_ON_HOST, "path": "{{ links[inventory_hostname] }}", "state": "link"}},
                    *migrate,
                    {"name": "Start", "ansible.builtin.systemd_service": {**services, "state": "started"}, **turns},
                ],
            }
        ]  # fmt: skip

    def undo(self) -> None:
        """Have each host run again what ran before. The migrations stay."""
        for host in self._hosts:
            self._site.run(host, "systemctl", "stop", *self._units(host))
            self._site.run(host, "ln", "-sfn", self._before[host], self._link(host))
            self._site.run(host, "systemctl", "start", *self._units(host))
            self._site.run(host, "rm", "-rf", PLACE_ON_HOST)
