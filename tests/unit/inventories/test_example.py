"""The inventory that one copies: it loads, it is a site, and it says nothing that no role understands."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.module_utils.record import Approval, ByHand, Emergency, Record, Window
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import read_record
from ansible_collections.traumalink.ops.plugins.plugin_utils.by_hand import KINDS
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import POLICIES
from ansible_collections.traumalink.ops.plugins.plugin_utils.site import site_problems

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "inventories/example"
VARIABLE_FILES = sorted(EXAMPLE.glob("group_vars/all/*.yml"))
# Of the lab alone: its hosts share one machine, it serves nobody, and several labs may stand side by side.
LAB_ALONE = {
    "postgresql_memory_bytes",
    "operation_rehearsals_allowed",
    "operation_controller_head",
    "operation_controller_records",
}


def variables(inventory: Path) -> dict[str, Any]:
    """Return all variables of an inventory's group `all`, unrendered."""
    files = inventory.glob("group_vars/all/*.yml")
    return {name: value for path in files for name, value in yaml.safe_load(path.read_text(encoding="utf-8")).items()}


def ansible(program: str, *arguments: str) -> str:
    """Run a program of Ansible on the example alone."""
    argv = [program, "-i", str(EXAMPLE), *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "ANSIBLE_VAULT_PASSWORD_FILE"}
    return subprocess.run(argv, capture_output=True, text=True, check=True, env=environment).stdout


@pytest.fixture(scope="module")
def loaded() -> dict[str, Any]:
    """Give the inventory as Ansible reads it."""
    groups: dict[str, Any] = json.loads(ansible("ansible-inventory", "--list"))
    return groups


def test_it_is_a_site(loaded: dict[str, Any]) -> None:
    groups = {name: group.get("hosts", []) for name, group in loaded.items()}
    assert site_problems(groups, loaded["_meta"]["hostvars"]["db1"]["site_name"]) == []


def test_its_hosts_have_documentation_addresses(loaded: dict[str, Any]) -> None:
    addresses = [host["ansible_host"] for host in loaded["_meta"]["hostvars"].values()]
    assert len(set(addresses)) == 5
    assert all(address.startswith("192.0.2.") for address in addresses)  # RFC 5737


def test_each_variable_is_known_to_a_role() -> None:
    known = {"contract"}  # read by plugin_utils/contract.py, not by a role's argument specs
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for spec in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            known |= set(spec.get("options") or {})
    unknown = {name for name in variables(EXAMPLE) if name not in known and not name.startswith(("site_", "ansible_"))}
    assert unknown == set()


def test_it_says_all_that_the_lab_says() -> None:
    assert set(variables(ROOT / "inventories/lab")) - set(variables(EXAMPLE)) == LAB_ALONE


def test_what_a_hospital_must_change_is_marked() -> None:
    lines = [line for path in [EXAMPLE / "hosts.yml", *VARIABLE_FILES] for line in path.read_text("utf-8").splitlines()]
    marked = {re.split(r":", line.strip())[0] for line in lines if "# CHANGE" in line}
    required = {
        "site_name",
        "deploy_archive",
        "deploy_allowed_signers",
        "deploy_packages",
        "deploy_maintenance_contact",
        "contract",
    }
    assert marked == {"ansible_user", "ansible_host", *required}
    assert [line for line in lines if "ansible_host:" in line and "# CHANGE" not in line] == []


def test_its_expressions_find_database_and_clients() -> None:
    password = "x" * 20
    secrets = dict.fromkeys(
        ("deploy_database_owner_password", "deploy_database_user_password", "postgresql_report_password"), password
    )
    shown = "[postgresql_clients[0].addresses, postgresql_roles | map(attribute='password') | unique]"
    arguments = ["-m", "ansible.builtin.debug", "-a", json.dumps({"msg": f"{{{{ {shown} }}}}"}), "--one-line"]
    printed = ansible("ansible", "app1", *arguments, "-e", json.dumps(secrets))
    answer = json.loads(printed.split("=>", 1)[1])["msg"]
    assert answer == [["192.0.2.11", "192.0.2.12"], [password]]


def test_its_contract_is_right_and_asks_for_each_clause_that_records_answer(loaded: dict[str, Any]) -> None:
    contract = read_contract(loaded["_meta"]["hostvars"]["db1"]["contract"])
    clauses = {re.sub("[a-z]$", "", duty.id) for duty in contract.obligations}
    # CLAUSES.md; what is not here is met by what a verb refuses or delivers, and not by a rhythm (docs/contract.md)
    assert clauses == {
        *(
            "1.1",
            "1.2",
            "1.3",
            "1.4",
            "1.6",
            "2.3",
            "2.5",
            "2.6",
            "3.2",
            "3.4",
            "4.1",
            "4.4",
            "4.5",
            "4.6",
            "4.7",
            "4.8",
        ),
        *("5.2", "5.3", "5.7", "5.8", "5.9", "5.10", "5.11"),
    }
    assert [contact.id for contact in contract.contacts if contact.signing_keys] == ["li_na"]


def test_the_labs_contract_is_right(tmp_path: Path) -> None:
    (tmp_path / "approval_key.pub").write_text(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIClQKJf735BC6pN6A4xgUvBtvGQI3X9toGhlI27nfSXO lab"
    )
    argv = [
        "ansible",
        "localhost",
        "-i",
        str(ROOT / "inventories/lab"),
        "-e",
        f"lab_directory={tmp_path}",
        "--one-line",
    ]
    asked = "{{ contract is traumalink.ops.open_window(at='2027-01-01T12:00:00+08:00', needs='12h') }}"
    argv += ["-m", "ansible.builtin.debug", "-a", json.dumps({"msg": asked})]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed.split("=>", 1)[1])["msg"] is True


def a_record(**changes: Any) -> dict[str, Any]:
    """Return a record with something in every field that the example's obligations ask for."""
    began = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
    window = Window("open", "nightly", None, None)
    approval = Approval("a1", "li_na", "", began, began + timedelta(hours=8))
    by_hand = changes.pop("by_hand", None)
    record = Record(
        "20261125-140000-000000", "example_hospital", changes.pop("verb"), "li.na@c1", began, outcome="success", ended_at=began, window=window,
        approval=approval, by_hand=by_hand and ByHand(by_hand, began, "wang_wei", "现场", ""), kind=changes.pop("kind", ""),
        opened=began, responded=began, resolved=began, emergency=changes.pop("emergency", None),
    )  # fmt: skip
    return record.as_dict()


def test_every_expression_of_the_obligations_fits_a_record_that_the_ledger_takes() -> None:
    contract = read_contract(yaml.safe_load((EXAMPLE / "group_vars/all/contract.yml").read_text("utf-8"))["contract"])
    records = [a_record(verb=verb) for verb in POLICIES if verb != "fault"]
    records += [a_record(verb="fault", kind=kind) for kind in ("fault", "change", "consultation")]
    records += [a_record(verb="record", by_hand=kind) for kind in KINDS]
    records += [a_record(verb="upgrade", emergency=Emergency("it hangs", "li_na"))]
    for record in records:
        read_record(record)
    for duty in contract.obligations:
        expressions = [getattr(duty, name) for name in ("met_by", "each") if hasattr(duty, name)]
        matched = [record for record in records if all(jmespath.search(str(text), record) for text in expressions)]
        assert matched, f"{duty.id}: no record could ever be counted"
        answering = [record for record in records if jmespath.search(getattr(duty, "answered_by", None) or "@", record)]
        for name, asked in (("begin", matched), ("end", answering if getattr(duty, "answered_by", None) else matched)):
            if hasattr(duty, name):
                assert asked
                assert all(jmespath.search(str(getattr(duty, name)), record) for record in asked), f"{duty.id}: {name}"
