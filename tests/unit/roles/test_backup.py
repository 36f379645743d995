"""What stays on ops of a vault that the site has no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
    assert laid == set(load("vars/main.yml")["__backup_vault_files"])
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
