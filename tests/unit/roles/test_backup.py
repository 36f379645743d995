"""What the role lays down, what it looks at, and what stays on ops of a vault that the site has no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader

ROLE = Path(__file__).resolve().parents[3] / "roles" / "backup"


def load(path: str) -> Any:
    """Read a YAML file of the role as Ansible does."""
    return DataLoader().load_from_file(str(ROLE / path), trusted_as_template=True)


def test_all_that_the_second_copy_lays_down_goes_with_it() -> None:
    laid = set()
    for task in load("tasks/second_copy.yml"):
        said = task.get("ansible.builtin.template") or task.get("ansible.builtin.copy") or {}
        laid |= {said["dest"].replace("{{ item }}", item) for item in task.get("loop", [""]) if said}
    assert len(laid) == 4
    assert laid == {place["path"] for place in load("vars/main.yml")["__backup_paths_without_vault"]}
    (task,) = (
        task for task in load("tasks/main.yml") if task.get("ansible.builtin.include_tasks") == "no_second_copy.yml"
    )
    assert "backup_vault_path | length == 0" in task["when"]
    ending = load("tasks/no_second_copy.yml")[-1]["block"]
    assert ending[0]["ansible.builtin.systemd_service"] == {
        "name": "traumalink-vault.timer",
        "enabled": False,
        "state": "stopped",
    }
    assert ending[1]["loop"] == "{{ __backup_vault_files }}"


def laid_down(tasks: list[dict[str, Any]]) -> dict[str, tuple[str, str, str]]:
    """Return owner, group and mode of each folder and file that tasks make."""
    found = {}
    for task in tasks:
        for module in ("file", "copy", "template"):
            if said := task.get(f"ansible.builtin.{module}"):
                path = said.get("dest") or said["path"]
                for item in task.get("loop", [""]):
                    found[path.replace("{{ item }}", item)] = (said["owner"], said["group"], said["mode"])
    return found


def looked_at(places: list[dict[str, str]]) -> dict[str, tuple[str, str, str]]:
    """Return the same of what host_state_info is asked for, with its defaults."""
    return {
        place["path"]: (place.get("owner", "root"), place.get("group", "root"), place.get("mode", "0755"))
        for place in places
    }


def test_the_one_look_sees_all_that_would_be_brought_about() -> None:
    """What it leaves out would never be mended on a host that has all the rest."""
    tasks, variables = [*load("tasks/install.yml"), *load("tasks/configure.yml")], load("vars/main.yml")
    wanted = variables["__backup_state_wanted"]
    places = variables["__backup_paths_of_both"] + variables["__backup_paths_of_repository"]
    assert looked_at(places) == laid_down(tasks)
    files = {place["path"] for place in places if place.get("kind") == "file"}
    assert all(place.get("sha256") for place in places if place["path"] in files)
    assert files == {
        said["dest"]
        for task in tasks
        if (said := task.get("ansible.builtin.copy") or task.get("ansible.builtin.template"))
    }
    (own, both) = (task["ansible.builtin.user"] for task in tasks if "ansible.builtin.user" in task)
    assert variables["__backup_own_user"] == {name: own[name] for name in ("name", "groups", "home", "shell")}
    assert both["groups"] == ["traumalink-tls"]
    (packages,) = (task["traumalink.ops.packages"] for task in tasks if "traumalink.ops.packages" in task)
    assert packages["name"] == wanted["packages"]
    (service,) = (task["traumalink.ops.service_current"] for task in tasks if "traumalink.ops.service_current" in task)
    assert wanted["services"] == [{"name": service["name"], "files": service["files"]}]


def test_a_passphrase_is_compared_by_its_hash_alone() -> None:
    places = load("vars/main.yml")["__backup_paths_of_both"]
    (configuration,) = (place for place in places if place["path"] == "/etc/pgbackrest/pgbackrest.conf")
    assert configuration["sha256"] == "{{ lookup('ansible.builtin.template', 'pgbackrest.conf.j2') | hash('sha256') }}"


def test_before_anything_is_brought_about_the_passphrase_has_to_open_what_is_there() -> None:
    first = load("tasks/prepare.yml")[0]
    assert first["ansible.builtin.import_tasks"] == "passphrase.yml"
    assert [task["ansible.builtin.import_tasks"] for task in load("tasks/preflight.yml")] == [
        "variables.yml",
        "passphrase.yml",
    ]


def test_postgresqls_one_look_sees_all_that_would_be_brought_about() -> None:
    roles = Path(__file__).resolve().parents[3] / "roles/postgresql"
    look, programs = (
        yaml.safe_load((roles / f"tasks/{name}.yml").read_text(encoding="utf-8")) for name in ("install", "programs")
    )
    wanted = look[0]["traumalink.ops.host_state_info"]
    assert looked_at(wanted["paths"]) == laid_down(programs)
    users = [
        {name: said[name] for name in ("name", "groups")}
        for task in programs
        if (said := task.get("ansible.builtin.user"))
    ]
    assert wanted["users"] == users
    assert wanted["packages"] == programs[2]["traumalink.ops.packages"]["name"]
