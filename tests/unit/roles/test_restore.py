"""Where role restore brings data back to, and what it asks the roles around it for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLES = Path(__file__).resolve().parents[3] / "roles"


def load(path: str) -> Any:
    """Read a YAML file of a role as Ansible does."""
    return DataLoader().load_from_file(str(ROLES / path), trusted_as_template=True)


def templar(**variables: Any) -> Templar:
    """Return Ansible's templates on the database's host, with role restore's own variables."""
    host = {
        "inventory_hostname": "db1",
        "ansible_facts": {"distribution_major_version": "12"},
        "restore_database_port": 5432,
        "site_name": "lab",
    }
    return Templar(DataLoader(), {**load("restore/vars/main.yml"), **host, **variables})


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({}, "/var/lib/postgresql/15/main"),
        ({"postgresql_data_directory": "/data/pg/"}, "/data/pg"),
        ({"restore_data_directory": "/elsewhere"}, "/var/lib/postgresql/15/main"),
    ],
)
def test_data_comes_back_where_the_server_looks_for_it(given: dict[str, Any], place: str) -> None:
    assert templar(**given).template(load("restore/vars/main.yml")["__restore_data_directory"]) == place


def test_the_place_is_looked_at_by_the_database_s_host_itself() -> None:
    (task,) = (task for task in load("restore/tasks/room.yml") if "traumalink.ops.restore_target_info" in task)
    assert "delegate_to" not in task
    assert templar(restore_host="db1").evaluate_conditional(task["when"])
    assert not templar(restore_host="db2").evaluate_conditional(task["when"])


@pytest.mark.parametrize("role", ["restore", "restore_vault"])
def test_the_room_for_each_tablespace_is_looked_for_before_it_is_restored(role: str) -> None:
    plan = {"tablespaces": {"/srv/other": 4096}, "backup": {"label": "x", "database_bytes": 8192}}
    given = []
    for file, name in (
        ("room" if role == "restore" else "look", "traumalink.ops.restore_target_info"),
        ("data", "traumalink.ops.work"),
    ):
        tasks = [inner for task in load(f"{role}/tasks/{file}.yml") for inner in (task, *task.get("block", []))]
        (arguments,) = (task[name] for task in tasks if name in task)
        given.append(
            templar(restore_planned={"plan": plan}).template(arguments.get("arguments", arguments)["tablespaces"])
        )
    assert given == [plan["tablespaces"]] * 2


def test_no_empty_database_is_made_behind_a_restore() -> None:
    # Facts outrank defaults, so that role postgresql, which runs next on that host, sees it without a playbook's help.
    assert load("restore/tasks/data.yml")[0]["ansible.builtin.set_fact"]["postgresql_create"] is False
    run = load("postgresql/tasks/run.yml")[0]["traumalink.ops.postgresql_cluster"]
    assert templar(postgresql_create=False).template(run["create"]) is False


def test_the_server_may_restart_while_the_application_is_stopped() -> None:
    assert load("restore/tasks/data.yml")[0]["ansible.builtin.set_fact"]["postgresql_may_restart"] is True
    names = [task["name"] for task in load("../playbooks/tasks/restore_work.yml")]
    order = [
        names.index(f"restore_work | {name}")
        for name in (
            "Stop the application",
            "Bring the data back, and let the database serve it",
            "The application serves again",
        )
    ]
    assert order == sorted(order)


DONE = "The restore is done, and lab has its data: repeat traumalink.ops.backup -e backup_type=full, not the restore"


@pytest.mark.parametrize(
    ("host", "stopped", "said"),
    [
        ({"__restore_left": {"left": ""}}, [], ""),
        ({"__restore_left": {"left": "half a database"}}, [], "half a database"),
        ({"__restore_left": {"left": ""}, "restore_summary": {"rto_seconds": 60}}, [], DONE),
        ({"__restore_left": {"left": ""}}, [{"item": "db2", "changed": True}], "db2 is stopped, its data untouched, and the application stays stopped"),
        ({"__restore_left": {"left": ""}}, [{"item": "db2", "changed": False}, {"item": "db3", "unreachable": True}], ""),
        ({}, [], "db1 cannot be asked what became of its data, so the application is left as it is"),
    ],
)  # fmt: skip
def test_a_restore_that_failed_says_what_stands_and_is_undone_where_nothing_was_moved(
    host: dict[str, Any], stopped: list[dict[str, Any]], said: str
) -> None:
    given = {"hostvars": {"db1": host}, "restore_host": "db1", "database_endpoint_retired": {"results": stopped}}
    stands = templar(**given).template(load("restore/vars/main.yml")["__restore_stands"])
    assert stands.startswith(said) if said else stands == ""


def test_the_application_that_was_stopped_is_started_again_only_when_nothing_is_to_be_said() -> None:
    undo = load("restore/tasks/undo.yml")
    said = next(index for index, task in enumerate(undo) if "ansible.builtin.fail" in task)
    started = next(index for index, task in enumerate(undo) if "traumalink.ops.application" in task)
    assert said < started
    assert "__restore_stopped is defined" in undo[started]["when"]
