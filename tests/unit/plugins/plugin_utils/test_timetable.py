"""What runs by itself, and that AWX's rules of recurrence come to the days that are meant: dateutil, with which AWX reads them, is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_schedule import rrule
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import ContractError, read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.timetable import (
    Appointment,
    Daily,
    Monthly,
    Weekly,
    timetable,
)
from dateutil.rrule import rrulestr

Make = Callable[..., dict[str, Any]]
ALL = ("backup", "backup_files", "backup_check", "drill", "ledger", "upgrade")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def planned(data: dict[str, Any], playbooks: tuple[str, ...] = ALL, files: bool = False) -> dict[str, Appointment]:
    """Return a contract's appointments by name."""
    return {each.name: each for each in timetable(read_contract(data), playbooks, files=files)}


def runs(appointment: Appointment, first: str, last: str, zone: str = "Asia/Shanghai") -> list[datetime]:
    """Return when AWX would start it from one day to another, both belonging to it."""
    rule = rrulestr(rrule(appointment.rhythm, appointment.at, zone), forceset=True)
    begin, end = (datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)) for day in (first, last))
    return [moment.replace(tzinfo=ZoneInfo(zone)) for moment in rule.between(begin, end + timedelta(days=1))]


def days(appointment: Appointment, first: str, last: str) -> list[str]:
    """Return the days of those."""
    return [f"{moment:%a %d}" for moment in runs(appointment, first, last)]


def test_a_backup_runs_each_night_and_on_sundays_it_is_full(contract_data: Make) -> None:
    plan = planned(contract_data())
    nightly, full = plan["backup_nightly"], plan["backup_full_weekly"]
    assert days(nightly, "2026-11-23", "2026-11-29") == ["Mon 23", "Tue 24", "Wed 25", "Thu 26", "Fri 27", "Sat 28"]
    assert days(full, "2026-11-23", "2026-11-29") == ["Sun 29"]
    assert (nightly.answers, full.answers) == ({"backup_type": "auto"}, {"backup_type": "full"})


def test_where_a_full_backup_is_due_otherwise_than_weekly_the_run_itself_decides(contract_data: Make) -> None:
    plan = planned(contract_data(backups={"full_every": "3d"}))
    assert plan["backup_nightly"].rhythm == Daily()
    assert "backup_full_weekly" not in plan


def test_the_contract_says_when_and_what_looks_at_a_backup_comes_behind_it(contract_data: Make) -> None:
    plan = planned(contract_data(backups={"start": "23:30"}), files=True)
    assert [f"{each.verb} {each.at:%H:%M}" for each in plan.values()] == [
        "backup 23:30", "backup 23:30", "backup_files 00:30", "drill 01:30", "backup_check 04:30",
    ]  # fmt: skip
    assert runs(plan["backup_full_weekly"], "2026-11-29", "2026-11-29") == [
        datetime(2026, 11, 29, 23, 30, tzinfo=SHANGHAI)
    ]


def test_the_site_s_zone_counts_also_when_its_clocks_change(contract_data: Make) -> None:
    (nightly, *_others) = timetable(read_contract(contract_data(timezone="Europe/Berlin")), ALL)
    hours = {moment.hour for moment in runs(nightly, "2026-10-24", "2026-10-27", "Europe/Berlin")}
    assert hours == {1}


def test_drills_are_never_further_apart_than_the_check_of_the_backups_allows(contract_data: Make) -> None:
    drills = runs(planned(contract_data())["drill_twice_a_month"], "2026-01-01", "2028-12-31")
    assert max(after - before for before, after in pairwise(drills)) <= timedelta(days=31)


def test_the_report_of_a_month_is_written_when_the_month_is_over(contract_data: Make) -> None:
    """The role takes the month of yesterday."""
    checks = runs(planned(contract_data())["backup_check_monthly"], "2026-01-01", "2026-12-31")
    assert [(check.month, check.day) for check in checks] == [(month, 1) for month in range(1, 13)]


@pytest.mark.parametrize(
    ("duty", "name", "rhythm"),
    [
        ({"every": "week"}, "ledger_weekly", Weekly()),
        ({"every": "month"}, "ledger_monthly", Monthly()),
        ({"every": "quarter"}, "ledger_quarterly", Monthly(3)),
        ({"every": "half_year"}, "ledger_half_yearly", Monthly(6)),
        ({"count": 4, "per": "year"}, "ledger_quarterly", Monthly(3)),
        ({"count": 5, "per": "year"}, "ledger_monthly", Monthly()),
        ({"count": 2, "per": "month"}, "ledger_twice_a_month", Monthly(places=(1, 3))),
        ({"every": "year"}, "ledger_yearly", Monthly(12)),
        ({"count": 3, "per": "week"}, "ledger_nightly", Daily()),
    ],
)
def test_a_verb_runs_as_often_as_an_obligation_asks(
    contract_data: Make, duty: dict[str, Any], name: str, rhythm: Any
) -> None:
    obligation = {
        "id": "4.8",
        "title": {"zh": "核查", "en": "Verified"},
        "met_by": "verb=='ledger' && outcome=='success'",
    }
    plan = planned(contract_data(obligations=[{**obligation, **duty}]))
    assert plan[name].rhythm == rhythm
    assert plan[name].answers == {"ledger_action": "verify"}
    assert plan[name].why == "obligation 4.8: Verified"


def test_an_obligation_makes_nothing_rarer_than_the_collection_needs_it(contract_data: Make) -> None:
    title, met_by = {"zh": "演练", "en": "Drilled"}, "verb=='drill' && outcome=='success'"
    obligations = [{"id": "4.1", "title": title, "every": "half_year", "met_by": met_by}]
    assert planned(contract_data(obligations=obligations))["drill_twice_a_month"].why.startswith("a backup counts")


def test_what_asks_for_more_than_a_success_is_met_by_no_schedule(contract_data: Make) -> None:
    met_by = "verb=='ledger' && by_hand.kind=='visit'"
    obligations = [{"id": "4.8", "title": {"zh": "核查", "en": "Verified"}, "every": "month", "met_by": met_by}]
    assert [name for name in planned(contract_data(obligations=obligations)) if name.startswith("ledger")] == []


def test_only_playbooks_that_are_there_are_planned_and_none_that_needs_a_person(contract_data: Make) -> None:
    assert {each.verb for each in planned(contract_data(), ("backup", "upgrade", "restore")).values()} == {"backup"}


def test_files_are_planned_where_a_host_has_some(contract_data: Make) -> None:
    assert "backup_files_nightly" not in planned(contract_data())
    assert planned(contract_data(), files=True)["backup_files_nightly"].rhythm == Daily()


def test_a_time_that_is_none_is_refused_by_its_path(contract_data: Make) -> None:
    with pytest.raises(ContractError, match=r'contract\.backups\.start: "at night" is no time of day'):
        read_contract(contract_data(backups={"start": "at night"}))
