"""The parts of a contract: what is wrong in each is named by its path."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract

Refused = Callable[..., list[str]]
CONTACT = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
WINDOW = {"name": "nightly", "days": "any", "start": "22:00", "duration": "7h", "cutoff": "45m"}
FREEZE = {"name": "visit", "from": "2026-12-01", "to": "2026-12-05", "reason": "JCI"}


@pytest.mark.parametrize(
    ("sections", "faults"),
    [
        (
            {"windows": [WINDOW, {**WINDOW, "name": "b", "duration": "7 hours"}]},
            ['contract.windows[1].duration: "7 hours" is no duration, write 7h'],
        ),
        (
            {"windows": [{**WINDOW, "start": 1320}]},
            ['contract.windows[0].start: 1320 is no time of day, write "22:00" in quotes'],
        ),
        (
            {"windows": [{**WINDOW, "start": "25:00"}]},
            ['contract.windows[0].start: "25:00" is no time of day, write for example "22:00" in quotes'],
        ),
        (
            {"windows": [{**WINDOW, "cutoff": "7h"}]},
            [
                "contract.windows[0].cutoff: is not shorter than the window's duration, write a shorter one, for example 45m"
            ],
        ),
        (
            {"windows": [{**WINDOW, "duration": "8d"}]},
            [
                "contract.windows[0].duration: is more than a week, write 24h from 00:00 on days: any "
                "for a window that is always open"
            ],
        ),
        (
            {"windows": [{**WINDOW, "days": ["monday", "Tue"]}]},
            [
                'contract.windows[0].days[1]: "Tue" is no kind of day, write tuesday',
            ],
        ),
        (
            {"windows": [{key: WINDOW[key] for key in ("name", "days", "start")}]},
            ['contract.windows[0].duration: is missing, write for example duration: "7h"'],
        ),
        (
            {"windows": [{**WINDOW, "cutof": "1h"}]},
            ["contract.windows[0].cutof: is not known here, write cutoff"],
        ),
        (
            {"windows": [WINDOW, WINDOW]},
            ['contract.windows[1].name: "nightly" is there already, write another name'],
        ),
        ({"windows": {}}, ["contract.windows: {} is not a list, write for example windows: "]),
        ({"windows": []}, ["contract.windows: is empty, write for example windows: "]),
        (
            {"working_hours": {"workday": ["8-12"], "restday": []}},
            ['contract.working_hours.workday[0]: "8-12" is no range of hours, write for example "08:00-12:00"'],
        ),
        (
            {"working_hours": {"workday": ["08:00-08:00"], "restday": []}},
            ['contract.working_hours.workday[0]: "08:00-08:00" lasts no time, write "00:00-24:00" for the whole day'],
        ),
        (
            {"calendar": {"always_safe": ["01:00-09:00"]}},
            [
                "contract.calendar.always_safe[0]: 01:00-09:00 overlaps working_hours.workday[0], 08:00-12:00, "
                "write safe hours in which nobody works on any day"
            ],
        ),
        (
            {"calendar": {"overrides": {"2027": {"off": ["2026-12-31"]}}}},
            ["contract.calendar.overrides.2027.off[0]: 2026-12-31 stands under 2027, write it under 2026"],
        ),
        (
            {"calendar": {"overrides": {"2027": {"off": ["2027-02-30"]}}}},
            ['contract.calendar.overrides.2027.off[0]: "2027-02-30" is no date, write for example 2027-02-05'],
        ),
        (
            {"calendar": {"overrides": {"2027": {"off": ["2027-02-09/2027-02-05"]}}}},
            [
                'contract.calendar.overrides.2027.off[0]: "2027-02-09/2027-02-05" is no stretch of days, write first and last'
            ],
        ),
        (
            {"calendar": {"overrides": {"2027": {"off": ["2027-02-05"], "work": ["2027-02-05"]}}}},
            ["contract.calendar.overrides.2027.work[0]: 2027-02-05 is off as well, write it in one of the two"],
        ),
        (
            {"calendar": {"overrides": {"next": {}}}},
            ['contract.calendar.overrides.next: "next" is not a whole number, write next with off, holidays, work'],
        ),
        (
            {"freezes": [{**FREEZE, "to": "2026-11-30"}]},
            ["contract.freezes[0].to: 2026-11-30 does not come after from, 2026-12-01, write the later one as to"],
        ),
        (
            {"freezes": [{**FREEZE, "from": "2026-12-01T18:00+08:00", "to": "2026-12-01T09:59+00:00"}]},
            ["contract.freezes[0].to: 2026-12-01T09:59:00+00:00 does not come after from, 2026-12-01T18:00:00+08:00"],
        ),
        (
            {"freezes": [{**FREEZE, "from": "2026-12-01T18:00", "to": "2026-12-01T10:00+00:00"}]},
            ["contract.freezes[0].to: 2026-12-01T10:00:00+00:00 does not come after from, 2026-12-01T18:00:00, write"],
        ),
        (
            {"timezone": "nowhere", "freezes": [{**FREEZE, "to": "2026-11-30"}]},
            ['contract.timezone: "nowhere" is no time zone', "contract.freezes[0].to: 2026-11-30 does not come after"],
        ),
        (
            {"freezes": [{**FREEZE, "from": "0001-01-01", "to": "9999-12-31T23:59+08:00"}]},
            [
                "contract.freezes[0].from: 0001-01-01 lies outside 2000 to 2100, write a date of these years",
                "contract.freezes[0].to: 9999-12-31T23:59:00+08:00 lies outside 2000 to 2100, write a date of these years",
            ],
        ),
        (
            {"calendar": {"overrides": {"9999": {"off": ["9999-12-31"]}}}},
            [
                "contract.calendar.overrides.9999.off[0]: 9999-12-31 lies outside 2000 to 2100, write a date of these years"
            ],
        ),
        (
            {"freezes": [{**FREEZE, "from": "1 December"}]},
            ['contract.freezes[0].from: "1 December" is no date, write for example 2026-12-01, or 2026-12-01T18:00'],
        ),
        (
            {"policies": {"patch": {"window": "no"}}},
            ['contract.policies.patch.window: "no" is not known here, write required or exempt'],
        ),
        ({"policies": {"pacth": {}}}, ['contract.policies.pacth: "pacth" is not known here, write patch']),
        ({"policies": {"x": {}}}, ['contract.policies.x: "x" is not known here, write site, deploy, upgrade']),
        ({"policies": {"Upgrade": {}}}, ['contract.policies.Upgrade: "Upgrade" is not known here, write upgrade']),
        (
            {"policies": {"patch": {"windw": "required", "approval": "require", "lock": "exclusiv"}}},
            [
                'contract.policies.patch.approval: "require" is not known here, write required',
                'contract.policies.patch.lock: "exclusiv" is not known here, write exclusive',
                "contract.policies.patch.windw: is not known here, write window",
            ],
        ),
        (
            {"expected": {"updrade": {"work": "30m"}}},
            ['contract.expected.updrade: "updrade" is not known here, write upgrade'],
        ),
        (
            {"contacts": [{**CONTACT, "roles": ["recipient", "aprover"]}]},
            ['contract.contacts[0].roles[1]: "aprover" is not known here, write approver'],
        ),
        ({"expected": {"upgrade": {}}}, ['contract.expected.upgrade.work: is missing, write for example work: "30m"']),
        (
            {"contacts": [{**CONTACT, "side": "vendor", "roles": ["recipient", "approver"]}]},
            [
                "contract.contacts[0].roles[1]: approver is on the vendor's side, "
                "write it only for contacts of the hospital"
            ],
        ),
        (
            {"contacts": [{**CONTACT, "signing_keys": ["-----BEGIN OPENSSH PRIVATE KEY-----"]}]},
            ["contract.contacts[0].signing_keys[0]: is no public key, write the one line of the contact's .pub file"],
        ),
        (
            {"contacts": [{**CONTACT, "mail": "li na"}]},
            ['contract.contacts[0].mail: "li na" has another form, write for example mail: '],
        ),
        (
            {"contacts": [{**CONTACT, "roles": []}]},
            ['contract.contacts[0].roles: is empty, write for example roles: ["approver"]'],
        ),
        (
            {"contacts": [CONTACT, CONTACT]},
            ['contract.contacts[1].id: "li_na" is there already, write another id'],
        ),
    ],
)
def test_names_what_is_wrong(refused: Refused, sections: dict[str, Any], faults: list[str]) -> None:
    said = refused(**sections)
    assert len(said) == len(faults)
    for line, fault in zip(said, faults, strict=True):
        assert line.startswith(fault)


def test_ends_of_a_freeze_in_different_offsets_are_compared_as_moments(
    contract_data: Callable[..., dict[str, Any]],
) -> None:
    texts = {"from": "2026-12-01T23:00+08:00", "to": "2026-12-01T16:00+00:00"}  # an hour, though 16 is less than 23
    (freeze,) = read_contract(contract_data(freezes=[{**FREEZE, **texts}])).freezes
    begin, end = freeze.span(ZoneInfo("Asia/Shanghai"))
    assert (end - begin, begin.isoformat()) == (timedelta(hours=1), "2026-12-01T15:00:00+00:00")


def test_a_freeze_of_one_day_lasts_that_whole_day(contract_data: Callable[..., dict[str, Any]]) -> None:
    (freeze,) = read_contract(contract_data(freezes=[{**FREEZE, "to": FREEZE["from"]}])).freezes
    begin, end = freeze.span(ZoneInfo("Asia/Shanghai"))
    assert (end - begin, begin.isoformat()) == (timedelta(days=1), "2026-11-30T16:00:00+00:00")
