"""How long a database's host can read the vault, and by whom it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).resolve().parents[3]


def load(path: str) -> Any:
    """Read a YAML file as Ansible does."""
    return DataLoader().load_from_file(str(ROOT / path), trusted_as_template=True)


def test_the_way_to_the_vault_is_closed_as_soon_as_the_data_is_back() -> None:
    names = [task["name"].partition(" | ")[2] for task in load("playbooks/tasks/restore_vault_work.yml")]
    back = names.index("What came back")
    assert names[back + 1 : back + 3] == ["Nobody reads the vault any more", "The application serves again"]


@pytest.mark.parametrize(("role", "closed"), [("primary", True), ("standby", False), ("down", False), (None, False)])
def test_what_a_failed_restore_left_goes_once_nothing_replays(role: str | None, closed: bool) -> None:
    last = load("roles/restore_vault/tasks/tidy.yml")[-1]
    found: dict[str, Any] = {"role": role} if role else {"skipped": True}
    variables = {"__restore_vault_server_now": found}
    assert last["ansible.builtin.include_tasks"] == "release.yml"
    assert Templar(DataLoader(), variables).evaluate_conditional(last["when"]) is closed


def test_a_site_is_tidied_and_all_that_holds_the_passphrase_is_looked_for() -> None:
    roles = [task.get("ansible.builtin.include_role", {}) for task in load("playbooks/tasks/site_work.yml")]
    assert {"name": "traumalink.ops.restore_vault", "tasks_from": "tidy"} in roles
    variables = load("roles/restore_vault/vars/main.yml")
    left = Templar(DataLoader(), variables).template(variables["__restore_vault_left_behind"])
    written = [
        Templar(DataLoader(), variables).template(task["ansible.builtin.template"]["dest"])
        for task in load("roles/restore_vault/tasks/server.yml")
        if "ansible.builtin.template" in task
    ]
    assert sorted(left) == sorted(written)


@pytest.mark.parametrize(
    ("address", "limited"), [("192.0.2.7", True), ("fd00::7", True), ("db1", False), ("db1.site.example", False)]
)
def test_only_the_host_itself_reaches_the_server(address: str, limited: bool) -> None:
    text = (ROOT / "roles/restore_vault/templates/server.service.j2").read_text(encoding="utf-8")
    variables = {
        **load("roles/restore_vault/vars/main.yml"),
        "__restore_vault_address": address,
        "restore_vault_path": "/mnt",
    }
    unit = Templar(DataLoader(), variables).template(trust_as_template(text)).splitlines()
    assert ("IPAddressDeny=any" in unit) is limited
    assert (f"IPAddressAllow=localhost {address}" in unit) is limited
