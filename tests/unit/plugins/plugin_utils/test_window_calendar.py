"""The table of days: what a person needs to see stands in the line of the day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.window_calendar import (
    CalendarError,
    approval_warning,
    calendar_lines,
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIClQKJf735BC6pN6A4xgUvBtvGQI3X9toGhlI27nfSXO"
LI_NA = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
Make = Callable[..., dict[str, Any]]


def test_each_day_says_its_kind_its_times_and_freezes(contract_data: Make) -> None:
    freezes = [{"name": "audit", "from": "2026-02-16", "to": "2026-02-17T02:00", "reason": "yearly audit"}]
    lines = calendar_lines(
        read_contract(contract_data(freezes=freezes)), datetime.fromisoformat("2026-02-14T12:00:00+08:00"), 5
    )
    assert [" ".join(line.split()) for line in lines] == [
        "date weekday kind of day disruptive work may run (Asia/Shanghai)",
        "2026-02-14 Saturday workday (make-up) 00:00-05:00 (starts before 04:15), 22:00-24:00",
        "2026-02-15 Sunday restday (spring festival) 00:00-05:00 (starts before 04:15), 22:00-24:00",
        "2026-02-16 Monday restday (spring festival) not at all; freeze audit (yearly audit)",
        "2026-02-17 Tuesday restday (spring festival) 02:00-05:00 (starts before 04:15), 22:00-24:00; "
        "freeze audit (yearly audit)",
        "2026-02-18 Wednesday restday (spring festival) 00:00-05:00 (starts before 04:15), 22:00-24:00",
    ]


def test_the_first_day_is_that_of_the_sites_clock(contract_data: Make) -> None:
    lines = calendar_lines(read_contract(contract_data()), datetime(2026, 11, 25, 20, tzinfo=UTC), 1)
    assert lines[1].startswith("2026-11-26  Thursday ")


def test_days_that_nobody_knows_come_with_a_warning(contract_data: Make) -> None:
    lines = calendar_lines(read_contract(contract_data()), datetime(2026, 12, 31, tzinfo=UTC), 2)
    assert lines[2].split() == ["2027-01-01", "Friday", "unknown", "01:00-04:00"]
    assert lines[3].startswith("warning: the holidays of 2027 are not known to this controller")


def test_a_cutoff_that_reaches_over_midnight_is_shown(contract_data: Make) -> None:
    late = {"name": "late", "days": "any", "start": "21:00", "duration": "4h", "cutoff": "1h30m"}
    lines = calendar_lines(read_contract(contract_data(windows=[late])), datetime(2026, 11, 25, tzinfo=UTC), 1)
    assert lines[1].endswith("  00:00-01:00 (nothing starts), 21:00-24:00 (starts before 23:30)")


@pytest.mark.parametrize("days", [0, -1, 401])
def test_refuses_an_odd_number_of_days(contract_data: Make, days: int) -> None:
    with pytest.raises(CalendarError, match=f"^{days} is no number of days to show, write one from 1 to 400"):
        calendar_lines(read_contract(contract_data()), datetime.now(UTC), days)


@pytest.mark.parametrize(
    "contacts",
    [[], [LI_NA], [{**LI_NA, "roles": ["recipient"], "signing_keys": [KEY]}]],
    ids=["none", "keyless", "other"],
)
def test_approvals_that_nobody_can_give_come_with_a_warning(
    contract_data: Make, contacts: list[dict[str, Any]]
) -> None:
    policies = {"deploy": {"approval": "required"}}
    (line,) = approval_warning(read_contract(contract_data(contacts=contacts, policies=policies)))
    verbs = "upgrade, finalize, patch, migrate, failover, rotate_credentials, deploy"
    assert line.startswith(
        f"warning: {verbs} need the hospital's approval, which nobody can give: no contact of the side"
    )


def test_one_approver_with_a_key_is_enough(contract_data: Make) -> None:
    assert approval_warning(read_contract(contract_data(contacts=[LI_NA | {"signing_keys": [KEY]}]))) == []
