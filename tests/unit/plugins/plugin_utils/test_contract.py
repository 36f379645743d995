"""The contract: what is right is read, and every fault is named by its path with what to write, all at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import plain, read_contract
from pydantic import ValidationError

Make = Callable[..., dict[str, Any]]
Refused = Callable[..., list[str]]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIClQKJf735BC6pN6A4xgUvBtvGQI3X9toGhlI27nfSXO"
CONTACT = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
WINDOW = {"name": "nightly", "days": "any", "start": "22:00", "duration": "7h", "cutoff": "45m"}
DUTY = {"id": "4.6", "title": {"zh": "备份", "en": "Backup"}}
MET_BY = {"met_by": "verb=='backup'"}


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
    assert contract.contacts[0].signing_keys == (f"{KEY} li.na@hospital",)


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


@pytest.mark.parametrize(
    ("sections", "faults"),
    [
        (
            {"timezone": "Asia/Shanghia"},
            ['contract.timezone: "Asia/Shanghia" is no time zone, write a name such as Asia/Shanghai'],
        ),
        ({"timezone": ""}, ['contract.timezone: "" is no time zone, write a name such as Asia/Shanghai']),
        ({"timezone": "Asia"}, ['contract.timezone: "Asia" is no time zone, write a name such as Asia/Shanghai']),
        ({"timezone": "../etc/passwd"}, ['contract.timezone: "../etc/passwd" is no time zone, write a name such as']),
        (
            {"id": 4.6},
            [
                'contract.id: 4.6 is a number, write it as text in quotes: "4.6", or "4.60" if that is how it is written there'
            ],
        ),
        ({"id": 46}, ['contract.id: 46 is a number, write it as text in quotes: "46"']),
        ({"id": ""}, ['contract.id: is empty, write for example id: "cs-2026"']),
        ({"id": "cs 2026"}, ['contract.id: "cs 2026" has another form, write for example id: "cs-2026"']),
        ({"title": {"zh": " ", "en": "x"}}, ['contract.title.zh: is empty, write for example zh: "每日备份"']),
        ({"services": {}}, ["contract.services: is not known here, write service_levels"]),
        (
            {
                "contacts": [CONTACT],
                "service_levels": {"high": {"respond": "1h", "resolve": "2h", "responsible": ["x"]}},
            },
            ["contract.service_levels.high.responsible[0]: x is no contact, write ids of contacts: li_na"],
        ),
    ],
)
def test_names_what_is_wrong(refused: Refused, sections: dict[str, Any], faults: list[str]) -> None:
    said = refused(**sections)
    assert len(said) == len(faults)
    for line, fault in zip(said, faults, strict=True):
        assert line.startswith(fault)


def test_names_all_faults_at_once(contract_data: Make, refused_data: Refused) -> None:
    data = contract_data(
        id=4.6, windows=[{**WINDOW, "start": 1320, "cutof": "1h"}, WINDOW], contacts=4, obligations=[{**DUTY, **MET_BY}]
    )
    del data["timezone"]
    assert [line.split(": ")[0] for line in refused_data(data)] == [
        "contract.id",
        "contract.timezone",
        "contract.windows[0].start",
        "contract.windows[0].cutof",
        "contract.contacts",
        "contract.obligations[0]",
        "contract.windows[1].name",
    ]


@pytest.mark.parametrize("data", [None, [], "text", 4])
def test_refuses_what_is_no_mapping(refused_data: Refused, data: object) -> None:
    (line,) = refused_data(data)
    assert "write a mapping with id, title, timezone, working_hours, windows below it" in line


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"id": {1, 2}}, "contract.id: {1, 2} is no plain data, write a text, a number, a list or a mapping"),
        ({"windows": [{}, {"name": float("nan")}]}, "contract.windows[1].name: nan is no plain data"),
        ({"backups": {"retention": float("inf")}}, "contract.backups.retention: inf is no plain data"),
        ({"id": object}, "contract.id: <class 'object'> is no plain data"),
        (yaml.safe_load("&whole {id: *whole}"), "contract: holds itself by an alias of YAML"),
    ],
)
def test_refuses_what_is_no_plain_data(refused_data: Refused, data: object, said: str) -> None:
    (line,) = refused_data(data)
    assert line.startswith(said)


def test_plain_data_has_texts_for_dates_and_keys() -> None:
    data = {2027: (date(2027, 1, 1), datetime(2027, 1, 1, 8)), "a": None}  # noqa: DTZ001 - as YAML gives it
    assert plain(data) == {"2027": ["2027-01-01", "2027-01-01T08:00:00"], "a": None}
