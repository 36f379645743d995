"""What a contract's parts must not say together is told with the faults of single fields, not only after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_checks import check_faults

Refused = Callable[..., list[str]]
CONTACT = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIClQKJf735BC6pN6A4xgUvBtvGQI3X9toGhlI27nfSXO"
LEVEL = {"respond": "15m", "resolve": "2h"}


@pytest.mark.parametrize(
    ("sections", "faults"),
    [
        (
            {
                "contacts": [{**CONTACT, "side": "hopsital"}],
                "service_levels": {"high": {**LEVEL, "responsible": ["li_na", "wang_wei"]}},
            },
            [
                'contract.contacts[0].side: "hopsital" is not known here, write hospital',
                "contract.service_levels.high.responsible[1]: wang_wei is no contact, write ids of contacts: li_na",
            ],
        ),
        (
            {"service_levels": {"high": {"respond": "soon", "resolve": "2h", "responsible": ["li_na"]}}},
            [
                'contract.service_levels.high.respond: "soon" is no duration',
                "contract.service_levels.high.responsible[0]: li_na is no contact, write that contact under contacts",
            ],
        ),
        (
            {"calendar": {"overrides": {"2027": {"off": ["2027-02-30", "2026-12-31"], "work": ["2027-13-01"]}}}},
            [
                'contract.calendar.overrides.2027.off[0]: "2027-02-30" is no date',
                'contract.calendar.overrides.2027.work[0]: "2027-13-01" is no date',
                "contract.calendar.overrides.2027.off[1]: 2026-12-31 stands under 2027, write it under 2026",
            ],
        ),
        (
            {"calendar": {"overrides": {"2027": {"False": ["2027-02-05"], "work": ["tomorrow", "2027-02-05"]}}}},
            [
                'contract.calendar.overrides.2027.work[0]: "tomorrow" is no date',
                "contract.calendar.overrides.2027.work[1]: 2027-02-05 is off as well, write it in one of the two",
            ],
        ),
        (
            {
                "calendar": {"country": "China", "always_safe": "01:00-09:00"},
                "working_hours": {"workday": ["08:00-12:00", "13-17"], "restday": []},
            },
            [
                'contract.calendar.country: "China" has another form',
                'contract.working_hours.workday[1]: "13-17" is no range of hours',
                "contract.calendar.always_safe: 01:00-09:00 overlaps working_hours.workday[0], 08:00-12:00",
            ],
        ),
        (
            {"timezone": 8, "policies": {"patch": {"approval": "exempt"}}},
            [
                "contract.timezone: 8 is no time zone",
                "contract.policies.patch.approval: exempt is looser than the collection's word (required), write required, or leave it out",
            ],
        ),
    ],
)
def test_they_are_told_beside_faults_of_fields(refused: Refused, sections: dict[str, Any], faults: list[str]) -> None:
    said = refused(**sections)
    assert len(said) == len(faults)
    for line, fault in zip(said, faults, strict=True):
        assert line.startswith(fault)


@pytest.mark.parametrize(
    ("verb", "rules", "fault"),
    [
        ("upgrade", {"window": "exempt"}, "window: exempt is looser than the collection's word (required)"),
        (
            "deploy",
            {"window": "exempt"},
            "window: exempt is looser than the collection's word (required where a serving process is restarted)",
        ),
        (
            "restore",
            {"window": "exempt"},
            "window: exempt is looser than the collection's word (required over what is still in use)",
        ),
    ],
)
def test_a_looser_policy_is_refused(refused: Refused, verb: str, rules: dict[str, str], fault: str) -> None:
    (line,) = refused(policies={verb: rules})
    assert line.startswith(f"contract.policies.{verb}.{fault}")


@pytest.mark.parametrize(
    "policies",
    [
        {"upgrade": {"window": "required", "approval": "required"}},
        {"backup": {"window": "exempt", "approval": "required"}},
        {"deploy": {"window": "required"}},
        {"restore": {"approval": "exempt"}},
        {"patch_plan": {"approval": "required"}},
    ],
)
def test_what_is_as_strict_or_stricter_is_taken(
    contract_data: Callable[..., dict[str, Any]], policies: dict[str, Any]
) -> None:
    assert read_contract(contract_data(policies=policies)).policies.keys() == policies.keys()


@pytest.mark.parametrize("section", ["policies", "expected"])
@pytest.mark.parametrize("verb", ["approve", "awx", "pack_release", "window_calendar"])
def test_what_is_said_of_a_verb_that_is_no_operation_is_refused(refused: Refused, section: str, verb: str) -> None:
    """Nothing would ever ask for it; whoever wrote it would think that it holds."""
    rules = {"policies": {"approval": "required"}, "expected": {"work": "10m"}}
    (line,) = refused(**{section: {verb: rules[section]}})
    assert line == (
        f"contract.{section}.{verb}: {verb} is no operation on the site, so nothing would ask for this, leave it out"
    )


def test_every_entry_of_a_list_that_is_wrong_is_told_by_its_own_path(refused: Refused) -> None:
    said = refused(
        calendar={
            "always_safe": ["02:00-03:00", "05:00-09:00"],
            "overrides": {
                "2027": {
                    "off": ["2027-06-09", "2026-06-10"],
                    "holidays": {"spring_festival": ["2027-02-05", "2028-02-05"]},
                    "work": ["2027-02-20", "2027-06-09/2027-06-10"],
                }
            },
        },
        working_hours={"workday": ["08:00-12:00", "8", "14:00"], "restday": ["06:00-06:30"]},
        windows=[{"name": "a", "days": ["monday", "tusday", "x"], "start": "22:00", "duration": "7h"}],
        contacts=[CONTACT],
        service_levels={"high": {**LEVEL, "responsible": ["li_na", "lina", "wang_wei"]}},
    )
    assert [line.split(", write")[0] for line in said] == [
        'contract.working_hours.workday[1]: "8" is no range of hours',
        'contract.working_hours.workday[2]: "14:00" is no range of hours',
        'contract.windows[0].days[1]: "tusday" is no kind of day',
        'contract.windows[0].days[2]: "x" is no kind of day',
        "contract.calendar.always_safe[1]: 05:00-09:00 overlaps working_hours.workday[0], 08:00-12:00",
        "contract.calendar.always_safe[1]: 05:00-09:00 overlaps working_hours.restday[0], 06:00-06:30",
        "contract.calendar.overrides.2027.off[1]: 2026-06-10 stands under 2027",
        "contract.calendar.overrides.2027.holidays.spring_festival[1]: 2028-02-05 stands under 2027",
        "contract.calendar.overrides.2027.work[1]: 2027-06-09 is off as well",
        "contract.service_levels.high.responsible[1]: lina is no contact",
        "contract.service_levels.high.responsible[2]: wang_wei is no contact",
    ]
    assert said[2].endswith(", write tuesday")
    assert said[9].endswith(", write li_na")


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({}, {"roles": ["recipient"]}, ["contract.contacts[1].signing_keys[1]: is a key of li_na as well"]),
        ({"roles": ["recipient"]}, {"side": "hospital"}, ["contract.contacts[1].signing_keys[1]: is a key of li_na"]),
        ({"roles": ["recipient"]}, {"roles": ["recipient"]}, []),
    ],
)
def test_an_approver_has_a_key_alone(first: dict[str, Any], second: dict[str, Any], said: list[str]) -> None:
    own, shared = KEY.replace("AAAAC3", "AAAAB4"), f"{KEY} at the desk"
    contacts = [
        {**CONTACT, "signing_keys": [KEY, KEY], **first},
        {**CONTACT, "id": "wang_wei", "signing_keys": [own, shared], **second},
        {**CONTACT, "id": "chen_bo", "signing_keys": ["no key", 4]},
    ]
    found = check_faults({"contacts": contacts})
    assert len(found) == len(said)
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True)), found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"windows": [{"name": "a"}, {"name": "b"}, {"name": "a"}]},
            ['contract.windows[2].name: "a" is there already, write another name'],
        ),
        (
            {"obligations": [{"id": "4.6"}, 4, {"id": "4.6"}]},
            ['contract.obligations[2].id: "4.6" is there already, write another id'],
        ),
        ({"contacts": [{"id": 1}, {"id": 1}, {}, {}], "windows": {}, "freezes": None}, []),
        (None, []),
    ],
)
def test_names_that_are_there_twice(data: object, expected: list[str]) -> None:
    assert check_faults(data) == expected


def test_an_awx_user_is_one_contact_of_a_contract_that_names_its_awx(
    contract_data: Callable[..., dict[str, Any]],
) -> None:
    person = {"name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
    contacts = [{"id": "li_na", "awx_user": "li.na", **person}, {"id": "zhao", "awx_user": "li.na", **person}]
    assert check_faults(contract_data(contacts=contacts, awx={"url": "https://awx.example.org"})) == [
        "contract.contacts[1].awx_user: li.na is li_na as well, so nobody could tell who approved, write a user of their own"
    ]
    assert check_faults(contract_data(contacts=contacts[:1])) == [
        "contract.contacts[0].awx_user: the contract names no AWX, write its address under awx.url"
    ]
