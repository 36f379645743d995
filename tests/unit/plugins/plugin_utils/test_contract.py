"""The contract: what is right is read, and every fault is named by its path with what to write, all at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, get_args

import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import (
    VERB,
    VERBS,
    ContractError,
    plain,
    read_contract,
)
from pydantic import ValidationError

Make = Callable[..., dict[str, Any]]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIClQKJf735BC6pN6A4xgUvBtvGQI3X9toGhlI27nfSXO"
CONTACT = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
WINDOW = {"name": "nightly", "days": "any", "start": "22:00", "duration": "7h", "cutoff": "45m"}
FREEZE = {"name": "visit", "from": "2026-12-01", "to": "2026-12-05", "reason": "JCI"}
DUTY = {"id": "4.6", "title": {"zh": "备份", "en": "Backup"}}
MET_BY = {"met_by": "verb=='backup'"}


def lines(data: object) -> list[str]:
    """Return the faults of a contract."""
    with pytest.raises(ContractError) as caught:
        read_contract(data)
    return str(caught.value).split("\n")


def test_reads_what_a_site_writes(contract_data: Make) -> None:
    contract = read_contract(
        contract_data(
            contacts=[{**CONTACT, "signing_keys": [f"{KEY} li.na@hospital"], "phone": "+86 10 5550 0199"}],
            policies={"patch": {"window": "required", "approval": "required"}},
            expected={"upgrade": {"work": "30m", "rollback": "20m"}},
            service_levels={"critical": {"respond": "15m", "resolve": "2h", "responsible": ["li_na"]}},
        )
    )
    assert contract.zone.key == "Asia/Shanghai"
    assert (contract.windows[0].start, contract.windows[0].days) == (time(22), ("any",))
    assert contract.windows[0].last_start == timedelta(hours=6, minutes=15)
    assert [str(hours) for hours in contract.working_hours.workday] == ["08:00-12:00", "14:00-17:30"]
    assert (contract.freezes[0].begins, contract.freezes[0].ends) == (date(2026, 12, 1), date(2026, 12, 5))
    assert contract.policies["patch"].window == "required"
    assert contract.expected["upgrade"].rollback == timedelta(minutes=20)
    assert contract.service_levels["critical"].resolve == timedelta(hours=2)
    found = contract.contact("li_na")
    assert found is not None
    assert found.signing_keys == (f"{KEY} li.na@hospital",)
    assert contract.contact("nobody") is None


def test_yaml_makes_of_it_what_was_meant(contract_data: Make) -> None:
    """YAML 1.1 reads the year as a number, the dates as dates, and the key `off` as false."""
    text = "{2027: {off: [2027-02-05, 2027-02-06/2027-02-08], work: [2027-02-20]}}"
    contract = read_contract(contract_data(calendar={"overrides": yaml.safe_load(text)}))
    override = contract.calendar.overrides[2027]
    assert override.off == (date(2027, 2, 5), date(2027, 2, 6), date(2027, 2, 7), date(2027, 2, 8))
    assert override.work == (date(2027, 2, 20),)


def test_it_never_changes(contract_data: Make) -> None:
    contract = read_contract(contract_data())
    with pytest.raises(ValidationError):
        contract.windows[0].name = "other"  # type: ignore[misc]


def test_each_verb_of_the_design_may_have_a_policy() -> None:
    assert get_args(VERB) == VERBS
    assert {"site", "backup", "restore", "upgrade", "maintain_database", "ledger"} <= set(VERBS)


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
                'contract.windows[0].days: "Tue" is no kind of day, write any, workday, restday, '
                "or names such as [saturday, sunday]"
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
        (
            {"timezone": "Asia/Shanghia"},
            ['contract.timezone: "Asia/Shanghia" is no time zone, write a name such as Asia/Shanghai'],
        ),
        ({"timezone": ""}, ['contract.timezone: "" is no time zone, write a name such as Asia/Shanghai']),
        ({"timezone": "Asia"}, ['contract.timezone: "Asia" is no time zone, write a name such as Asia/Shanghai']),
        ({"timezone": "../etc/passwd"}, ['contract.timezone: "../etc/passwd" is no time zone, write a name such as']),
        ({"id": 4.6}, ['contract.id: 4.6 is a number, write it as text in quotes: "4.6"']),
        ({"id": ""}, ['contract.id: is empty, write for example id: "cs-2026"']),
        ({"id": "cs 2026"}, ['contract.id: "cs 2026" has another form, write for example id: "cs-2026"']),
        ({"title": {"zh": " ", "en": "x"}}, ['contract.title.zh: is empty, write for example zh: "每日备份"']),
        ({"services": {}}, ["contract.services: is not known here, write service_levels"]),
        (
            {"working_hours": {"workday": ["8-12"], "restday": []}},
            ['contract.working_hours.workday: "8-12" is no range of hours, write for example "08:00-12:00"'],
        ),
        (
            {"working_hours": {"workday": ["08:00-08:00"], "restday": []}},
            ['contract.working_hours.workday: "08:00-08:00" lasts no time, write "00:00-24:00" for the whole day'],
        ),
        (
            {"calendar": {"always_safe": ["01:00-09:00"]}},
            [
                "contract.working_hours: 08:00-12:00 overlaps calendar.always_safe 01:00-09:00, "
                "write safe hours in which nobody works on any day"
            ],
        ),
        (
            {"calendar": {"overrides": {"2027": {"off": ["2026-12-31"]}}}},
            ["contract.calendar.overrides: 2026-12-31 stands under 2027, write it under 2026"],
        ),
        (
            {"calendar": {"overrides": {"2027": {"off": ["2027-02-30"]}}}},
            ['contract.calendar.overrides.2027.off: "2027-02-30" is no date, write for example 2027-02-05'],
        ),
        (
            {"calendar": {"overrides": {"2027": {"off": ["2027-02-09/2027-02-05"]}}}},
            [
                'contract.calendar.overrides.2027.off: "2027-02-09/2027-02-05" is no stretch of days, write first and last'
            ],
        ),
        (
            {"calendar": {"overrides": {"2027": {"off": ["2027-02-05"], "work": ["2027-02-05"]}}}},
            ["contract.calendar.overrides.2027.work: 2027-02-05 is off as well, write it in one of the two"],
        ),
        (
            {"calendar": {"overrides": {"next": {}}}},
            ['contract.calendar.overrides.next: "next" is not a whole number, write next with off, holidays, work'],
        ),
        (
            {"freezes": [{**FREEZE, "to": "2026-11-30"}]},
            ["contract.freezes[0].to: 2026-11-30 comes before from, 2026-12-01, write the later one as to"],
        ),
        (
            {"freezes": [{**FREEZE, "from": "1 December"}]},
            ['contract.freezes[0].from: "1 December" is no date, write for example 2026-12-01, or 2026-12-01T18:00'],
        ),
        (
            {"policies": {"patch": {"window": "no"}}},
            ['contract.policies.patch.window: "no" is not known here, write required or exempt'],
        ),
        ({"policies": {"pacth": {}}}, ['contract.policies.pacth: "pacth" is not known here, write site, pack_release']),
        ({"expected": {"upgrade": {}}}, ['contract.expected.upgrade.work: is missing, write for example work: "30m"']),
        (
            {"contacts": [{**CONTACT, "side": "vendor"}]},
            [
                "contract.contacts[0].roles: has approver on the vendor's side, "
                "write approver only for contacts of the hospital"
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
        (
            {
                "contacts": [CONTACT],
                "service_levels": {"high": {"respond": "1h", "resolve": "2h", "responsible": ["x"]}},
            },
            ["contract.service_levels: high.responsible: x is no contact, write ids of contacts: li_na"],
        ),
        (
            {"obligations": [{**DUTY, **MET_BY}]},
            ["contract.obligations[0]: says no rhythm or several, write one of every, count with per, around with"],
        ),
        (
            {"obligations": [{**DUTY, **MET_BY, "every": "day", "count": 2}]},
            ["contract.obligations[0]: says no rhythm or several"],
        ),
        (
            {"obligations": [{**DUTY, **MET_BY, "every": "days"}]},
            [
                'contract.obligations[0].every: "days" is not known here, write day, week, month, quarter, half_year or year'
            ],
        ),
        (
            {"obligations": [{**DUTY, **MET_BY, "count": 0, "per": "year"}]},
            ["contract.obligations[0].count: 0 is not large enough, write for example count: 4"],
        ),
        (
            {"obligations": [{**DUTY, **MET_BY, "around": ["spring"], "within": "7h"}]},
            [
                'contract.obligations[0].around[0]: "spring" is not known here, write new_years_day, spring_festival',
                "contract.obligations[0].within: 7h is not in whole days, write for example 7d",
            ],
        ),
        (
            {"obligations": [{**DUTY, "every": "day", "met_by": "verb = 'backup'"}]},
            ["contract.obligations[0].met_by: is no JMESPath expression ("],
        ),
        (
            {"obligations": [{**DUTY, "every": "day", "met_by": "contain(hosts, 'db1')"}]},
            [
                "contract.obligations[0].met_by: contain is no function of JMESPath, write one of abs, avg, ceil, contains"
            ],
        ),
        (
            {"obligations": [{**DUTY, "each": "verb=='fault'", "from": "opened", "within": "2h"}]},
            ['contract.obligations[0].to: is missing, write for example to: "resolved"'],
        ),
    ],
)
def test_names_what_is_wrong(contract_data: Make, sections: dict[str, Any], faults: list[str]) -> None:
    said = lines(contract_data(**sections))
    assert len(said) == len(faults)
    for line, fault in zip(said, faults, strict=True):
        assert line.startswith(fault)


def test_names_all_faults_at_once(contract_data: Make) -> None:
    data = contract_data(
        id=4.6, windows=[{**WINDOW, "start": 1320, "cutof": "1h"}, WINDOW], contacts=4, obligations=[{**DUTY, **MET_BY}]
    )
    del data["timezone"]
    assert [line.split(": ")[0] for line in lines(data)] == [
        "contract.id",
        "contract.timezone",
        "contract.windows[0].start",
        "contract.windows[0].cutof",
        "contract.contacts",
        "contract.obligations[0]",
        "contract.windows[1].name",
    ]


@pytest.mark.parametrize("data", [None, [], "text", 4])
def test_refuses_what_is_no_mapping(data: object) -> None:
    assert len(lines(data)) == 1
    assert "write a mapping with id, title, timezone, working_hours, windows below it" in lines(data)[0]


@pytest.mark.parametrize("data", [{"id": {1, 2}}, {"id": float("nan")}, {"id": object()}])
def test_refuses_what_is_no_plain_data(data: object) -> None:
    assert lines(data)[0].startswith("contract: holds what is no plain data (")


def test_plain_data_has_texts_for_dates_and_keys() -> None:
    data = {2027: (date(2027, 1, 1), datetime(2027, 1, 1, 8)), "a": None}  # noqa: DTZ001 - as YAML gives it
    assert plain(data) == {"2027": ["2027-01-01", "2027-01-01T08:00:00"], "a": None}
