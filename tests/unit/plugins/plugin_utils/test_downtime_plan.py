"""Whether an upgrade with downtime fits: the work and the way back, both before the cutoff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.downtime_plan import (
    DowntimePlan,
    downtime_plan,
    downtime_problem,
)

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def site(contract_data: Make) -> dict[str, Any]:
    """Give a contract with a window from 22:00 to 05:00 UTC, whose cutoff is 45 minutes before its end."""
    window = {"name": "night", "days": "any", "start": "22:00", "duration": "7h", "cutoff": "45m"}
    return contract_data(timezone="UTC", windows=[window], working_hours={"workday": [], "restday": []}, freezes=[])


def test_the_way_back_copies_and_brings_back_the_whole_database() -> None:
    plan = downtime_plan(60, 10_000_000_000, 50_000_000, 180)
    assert plan == DowntimePlan(240, 400 + 60 + 180)
    assert plan.needed_seconds == 880
    with pytest.raises(ValueError, match="upgrade_restore_bytes_per_second"):
        downtime_plan(60, 1, 0, 1)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-24T23:00", ""),
        ("2026-11-25T03:59", ""),
        (
            "2026-11-25T04:01",
            "14 min 00 s are left before the cutoff; the work with nobody let in may take 5 min 00 s and going back to the restore point 10 min 00 s more",
        ),
        ("2026-11-25T06:00", "The window has closed meanwhile"),
    ],
)
def test_work_and_way_back_must_end_before_the_cutoff(site: dict[str, Any], at: str, said: str) -> None:
    found = downtime_problem(site, DowntimePlan(300, 600), "", "", datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert said in found if said else found == ""


def test_a_rehearsal_s_clock_goes_on_from_its_own_beginning(site: dict[str, Any]) -> None:
    moment, run_id = datetime(2026, 11, 25, 10, 20, tzinfo=UTC), "20261125-100000-3f9a2c"
    assert downtime_problem(site, DowntimePlan(300, 600), "2026-11-24T23:00:00+00:00", run_id, moment) == ""
    late = downtime_problem(site, DowntimePlan(300, 600), "2026-11-25T03:50:00+00:00", run_id, moment)
    assert "are left before the cutoff" in late
