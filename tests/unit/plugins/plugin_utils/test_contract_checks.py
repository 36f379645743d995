"""What a contract's parts must not say together is told with the faults of single fields, not only after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract_checks import check_faults

Refused = Callable[..., list[str]]
CONTACT = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
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
                'contract.contacts[0].side: "hopsital" is not known here, write hospital or vendor',
                "contract.service_levels: high.responsible: wang_wei is no contact, write ids of contacts: li_na",
            ],
        ),
        (
            {"service_levels": {"high": {"respond": "soon", "resolve": "2h", "responsible": ["li_na"]}}},
            [
                'contract.service_levels.high.respond: "soon" is no duration',
                "contract.service_levels: high.responsible: li_na is no contact, write that contact under contacts",
            ],
        ),
        (
            {"calendar": {"overrides": {"2027": {"off": ["2027-02-30", "2026-12-31"], "work": ["2027-13-01"]}}}},
            [
                'contract.calendar.overrides.2027.off: "2027-02-30" is no date',
                'contract.calendar.overrides.2027.work: "2027-13-01" is no date',
                "contract.calendar.overrides: 2026-12-31 stands under 2027, write it under 2026",
            ],
        ),
        (
            {"calendar": {"overrides": {"2027": {"False": ["2027-02-05"], "work": ["tomorrow", "2027-02-05"]}}}},
            [
                'contract.calendar.overrides.2027.work: "tomorrow" is no date',
                "contract.calendar.overrides.2027.work: 2027-02-05 is off as well, write it in one of the two",
            ],
        ),
        (
            {
                "calendar": {"country": "China", "always_safe": "01:00-09:00"},
                "working_hours": {"workday": ["08:00-12:00", "13-17"], "restday": []},
            },
            [
                'contract.calendar.country: "China" has another form',
                'contract.working_hours.workday: "13-17" is no range of hours',
                "contract.working_hours: 08:00-12:00 overlaps calendar.always_safe 01:00-09:00",
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
            "window: exempt is looser than the collection's word (required over a database that serves)",
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
    ],
)
def test_what_is_as_strict_or_stricter_is_taken(
    contract_data: Callable[..., dict[str, Any]], policies: dict[str, Any]
) -> None:
    assert read_contract(contract_data(policies=policies)).policies.keys() == policies.keys()


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
