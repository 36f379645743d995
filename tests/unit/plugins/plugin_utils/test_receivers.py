"""Who is told: those whom the inventory names, and of an emergency the hospital, whatever the inventory says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.plugin_utils.receivers import (
    OTHERS_ALONE,
    UNHEARD,
    Receivers,
    undelivered,
    unheard,
)

ROOT = Path(__file__).resolve().parents[4]
EMERGENCY = {"emergency": {"reason": "it hangs", "by": "li_na"}}


def contact(
    roles: list[str], side: str = "hospital", mail: str | None = "li.na@hospital.example.org"
) -> dict[str, Any]:
    """Return one contact of a contract."""
    return {"id": "li_na", "side": side, "roles": roles, **({"mail": mail} if mail else {})}


@pytest.mark.parametrize("event", ["emergency", "emergency_ended"])
def test_without_an_address_in_the_inventory_the_hospital_is_told_of_an_emergency(event: str) -> None:
    contract = yaml.safe_load((ROOT / "inventories/example/group_vars/all/contract.yml").read_text("utf-8"))["contract"]
    assert Receivers(contract=contract).mailed(event) == [
        "information.centre@hospital.example.org",
        "li.na@hospital.example.org",
    ]


@pytest.mark.parametrize("event", ["refused", "failed", "rolled_back", "interrupted", "ledger_head"])
def test_of_everything_else_only_those_are_told_whom_the_inventory_names(event: str) -> None:
    contract = {"contacts": [contact(["approver"])]}
    assert Receivers(contract=contract).mailed(event) == []
    assert not Receivers(contract=contract).hear_of(event)
    assert Receivers(["duty@vendor.example.org"], contract=contract).mailed(event) == ["duty@vendor.example.org"]


def test_the_hospital_is_told_of_an_emergency_also_where_the_inventory_names_the_vendor_alone() -> None:
    contract = {"contacts": [contact(["approver"])]}
    assert Receivers(["duty@vendor.example.org"], contract=contract).mailed("emergency") == [
        "duty@vendor.example.org",
        "li.na@hospital.example.org",
    ]
    assert Receivers(["li.na@hospital.example.org"], contract=contract).mailed("emergency") == [
        "li.na@hospital.example.org"
    ]


@pytest.mark.parametrize(
    ("contacts", "told"),
    [
        ([contact(["approver"])], ["li.na@hospital.example.org"]),
        ([contact(["information_centre"])], ["li.na@hospital.example.org"]),
        ([contact(["approver"]), contact(["information_centre"])], ["li.na@hospital.example.org"]),
        ([contact(["recipient"])], []),
        ([contact(["information_centre"], side="vendor")], []),
        ([contact(["approver"], mail=None)], []),
        ([], []),
        (None, []),
        (["li_na", {"side": "hospital", "roles": "approver", "mail": "x@y"}], []),
    ],
)
def test_the_hospital_is_its_information_centre_and_its_approvers(contacts: Any, told: list[str]) -> None:
    assert Receivers(contract={"contacts": contacts}).mailed("emergency") == told


@pytest.mark.parametrize("contract", [None, "", [], {}])
def test_a_contract_that_cannot_be_read_names_nobody(contract: Any) -> None:
    assert Receivers(contract=contract).mailed("emergency") == []


def test_an_emergency_of_which_nobody_can_be_told_says_so() -> None:
    alone = Receivers(contract={"contacts": []})
    assert unheard(EMERGENCY, alone) == UNHEARD
    assert unheard({"emergency": None}, alone) == ""
    for others in (Receivers(webhook=True), Receivers(["duty@vendor.example.org"], contract=alone.contract)):
        assert unheard(EMERGENCY, others) == OTHERS_ALONE, "whose they are, nobody can see"
        assert unheard({"emergency": None}, others) == ""
    recipient = {"contacts": [contact(["recipient"]), contact(["information_centre"], side="vendor")]}
    assert unheard(EMERGENCY, Receivers(["duty@vendor.example.org"], contract=recipient)) == OTHERS_ALONE
    assert unheard(EMERGENCY, Receivers(contract={"contacts": [contact(["approver"])]})) == ""


def test_the_record_says_what_did_not_arrive_of_the_emergency_s_message_and_of_no_other() -> None:
    messages = [
        {"event": "interrupted", "what": "The webhook answered 500."},
        {"event": "emergency", "what": "The mail was not sent: connection refused."},
    ]
    assert undelivered(EMERGENCY, messages) == "The mail was not sent: connection refused."
    assert undelivered(EMERGENCY, messages[:1]) == ""
    assert undelivered({"emergency": None}, messages) == ""
    told = {**EMERGENCY, "figures": {"emergency_undelivered": OTHERS_ALONE}}
    assert undelivered(told, []) == OTHERS_ALONE
    assert undelivered(told, messages) == f"The mail was not sent: connection refused. {OTHERS_ALONE}", (
        "one does not hide the other"
    )
