"""What belongs to the database's host is taken from that host's own variables, whichever host asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

ROLES = Path(__file__).resolve().parents[3] / "roles"
FACTS = {"ansible_facts": {"distribution_major_version": "12"}}


def value(
    role: str,
    variable: str,
    inventory: str,
    asker: str,
    folder: Path,
    extra: dict[str, Any] | None = None,
    part: str = "defaults",
) -> Any:
    """Return what a role's default (or another variable of its) comes to on a host, in a site with this inventory."""
    loader = DataLoader()
    (folder / "hosts.yml").write_text(inventory, encoding="utf-8")
    manager = InventoryManager(loader, sources=[str(folder / "hosts.yml")])
    variables = VariableManager(loader, manager)
    variables._extra_vars = extra or {}
    defaults = loader.load_from_file(str(ROLES / role / part / "main.yml"), trusted_as_template=True)
    hostvars = HostVars(inventory=manager, variable_manager=variables, loader=loader)
    own = variables.get_vars(host=manager.get_host(asker))
    return Templar(loader, {**defaults, **own, **FACTS, "hostvars": hostvars}).template(defaults[variable])


SITE = "all: {children: {db: {hosts: {db1: {%s}}}, app: {hosts: {app1: }}, ops: {hosts: {ops1: }}}, vars: {site_name: lab}}"
OWN = SITE % "postgresql_data_directory: '/data/{{ inventory_hostname }}/pg', postgresql_port: 5433"


@pytest.mark.parametrize("asker", ["db1", "ops1"])
def test_a_data_path_that_only_the_database_s_host_knows_counts_on_ops_too(tmp_path: Path, asker: str) -> None:
    assert value("backup", "backup_data_directory", OWN, asker, tmp_path).strip() == "/data/db1/pg"


@pytest.mark.parametrize("asker", ["db1", "ops1"])
def test_without_one_it_is_debian_s(tmp_path: Path, asker: str) -> None:
    assert value("backup", "backup_data_directory", SITE % "", asker, tmp_path).strip() == "/var/lib/postgresql/15/main"


def test_one_that_is_given_for_the_run_counts_everywhere(tmp_path: Path) -> None:
    given = {"postgresql_data_directory": "/srv/pg"}
    assert value("backup", "backup_data_directory", OWN, "ops1", tmp_path, given).strip() == "/srv/pg"


@pytest.mark.parametrize(
    ("role", "variable", "asker"),
    [
        ("backup", "backup_database_port", "ops1"),
        ("restore", "restore_database_port", "app1"),
        ("deploy", "deploy_database_port", "app1"),
    ],
)
def test_so_does_its_port(tmp_path: Path, role: str, variable: str, asker: str) -> None:
    assert value(role, variable, OWN, asker, tmp_path) == 5433
    assert value(role, variable, SITE % "", asker, tmp_path) == 5432


TWO = "all: {children: {db: {hosts: {db1: , db2: {postgresql_port: 5434, ansible_host: 192.0.2.8}}}, ops: {hosts: {ops1: }}}, vars: {site_name: lab}}"


def test_the_primary_that_was_looked_up_counts_and_not_the_first_of_the_group(tmp_path: Path) -> None:
    found = {"database_endpoint_host": "db2"}
    assert value("backup", "backup_database_host", TWO, "ops1", tmp_path, found) == "db2"
    assert value("restore_database", "restore_database_port", TWO, "ops1", tmp_path, found) == 5434
    primary = "__restore_database_primary"
    assert value("restore_database", primary, TWO, "ops1", tmp_path, found, part="vars") == "db2"


def test_before_a_lookup_it_is_the_first_one(tmp_path: Path) -> None:
    assert value("backup", "backup_database_host", TWO, "ops1", tmp_path) == "db1"


def test_the_certificate_that_is_watched_is_that_of_the_same_host() -> None:
    (peer,) = DataLoader().load_from_file(str(ROLES / "backup_check/defaults/main.yml"))["backup_check_peers"]
    backed_up = DataLoader().load_from_file(str(ROLES / "backup/defaults/main.yml"))["backup_database_host"]
    assert peer["name"] == backed_up
    assert peer["address"].startswith(backed_up.removesuffix(" }}"))
