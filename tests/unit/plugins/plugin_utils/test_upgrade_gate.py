"""What speaks against an upgrade, all of it at once, and whether there is time left to go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter import cutoff_problem, fit_problem, upgrade_problems
from ansible_collections.traumalink.ops.plugins.plugin_utils import upgrade_gate

Make = Callable[..., dict[str, Any]]
WELL: dict[str, Any] = {
    "path": {"changes": True, "problems": [], "unsettled": [], "to": "1.1.0", "before": {"app1": "1.0.0"}},
    "room": [],
    "stopped": {"app1": [], "app2": []},
    "health": {"edge1": {"modules": [{"name": "triage", "status": "healthy", "reason": ""}]}},
    "unproven": "",
    "in_the_way": "",
    "fits": "",
}
PROBLEMS = upgrade_problems.FilterModule().filters()["upgrade_problems"]
FIT = fit_problem.FilterModule().filters()["fit_problem"]
CUTOFF = cutoff_problem.FilterModule().filters()["cutoff_problem"]


def test_a_site_that_is_well_may_go() -> None:
    assert PROBLEMS(WELL) == {"problems": [], "unsettled": []}


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"path": {**WELL["path"], "problems": ["1.1.0 was marked BAD."]}}, "1.1.0 was marked BAD."),
        ({"room": ["app1 has 3 MiB free."]}, "app1 has 3 MiB free."),
        (
            {"stopped": {"app1": [], "app2": ["trauma-web@blue.service"]}},
            "trauma-web@blue.service on app2 does not run",
        ),
        (
            {"health": {"edge1": {"modules": [{"name": "triage", "status": "unhealthy", "reason": "HTTP 503"}]}}},
            "Through edge1 triage is unhealthy (HTTP 503)",
        ),
        ({"unproven": "no drill has brought a backup back yet; run traumalink.ops.drill"}, "run traumalink.ops.drill."),
        ({"in_the_way": "pid 7 of psql is open for 90 s"}, "pid 7 of psql"),
        ({"fits": "9 min are left before the cutoff."}, "9 min are left"),
    ],
)
def test_each_thing_is_said_with_what_to_do(seen: dict[str, Any], said: str) -> None:
    found = PROBLEMS({**WELL, **seen})
    (problem,) = found["problems"] + found["unsettled"]
    assert said in problem
    left_by_others = bool({"stopped", "health"} & seen.keys())
    assert bool(found["unsettled"]) is left_by_others


def test_all_of_it_is_said_at_once() -> None:
    everything = {"room": ["No room."], "unproven": "no drill", "in_the_way": "pid 7", "stopped": {"app1": ["a", "b"]}}
    found = PROBLEMS({**WELL, **everything})
    assert (len(found["problems"]), len(found["unsettled"])) == (3, 1)


def test_where_nothing_changes_only_what_contradicts_counts() -> None:
    there = {**WELL, "path": {**WELL["path"], "changes": False}, "unproven": "no drill", "room": ["No room."]}
    assert PROBLEMS(there)["problems"] == []
    other = {**there, "path": {**there["path"], "problems": ["Version 1.1.0 came to app1 from another archive."]}}
    assert len(PROBLEMS(other)["problems"]) == 1


@pytest.fixture
def site(contract_data: Make) -> dict[str, Any]:
    """Give a contract with a window from 22:00 to 05:00 UTC, whose cutoff is 45 minutes before its end."""
    window = {"name": "night", "days": "any", "start": "22:00", "duration": "7h", "cutoff": "45m"}
    return contract_data(timezone="UTC", windows=[window], working_hours={"workday": [], "restday": []}, freezes=[])


def problem(site: dict[str, Any], at: str, needed: float = 300, rehearsed: str = "", run_id: str = "") -> str:
    """Ask at a moment."""
    return upgrade_gate.cutoff_problem(site, needed, rehearsed, run_id, datetime.fromisoformat(at).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("at", "needed", "said"),
    [
        ("2026-11-24T23:00", 300, ""),
        ("2026-11-25T04:09", 300, ""),
        ("2026-11-25T04:11", 300, "4 min 00 s are left before the cutoff, and going back may take 5 min 00 s"),
        ("2026-11-25T03:30", 3600, "and going back may take 1 h 00 min"),
        ("2026-11-25T06:00", 300, "The window has closed meanwhile"),
    ],
)
def test_going_on_must_leave_time_to_go_back(site: dict[str, Any], at: str, needed: float, said: str) -> None:
    found = problem(site, at, needed)
    assert said in found if said else found == ""


def test_a_rehearsal_s_clock_goes_on_from_its_own_beginning(site: dict[str, Any]) -> None:
    run_id = "20261125-100000-3f9a2c"
    assert problem(site, "2026-11-25T10:20:00", 300, "2026-11-24T23:00:00+00:00", run_id) == ""
    assert "are left before the cutoff" in problem(
        site, "2026-11-25T10:20:00", 300, "2026-11-25T03:52:00+00:00", run_id
    )
    with pytest.raises(AnsibleFilterError, match="holds no time"):
        CUTOFF(site, 300, "2026-11-25T03:52:00+00:00", "none")


@pytest.mark.parametrize(
    ("at", "migration", "watch", "said"),
    [
        ("2026-11-24T23:00", 3600, 120, ""),
        ("2026-11-25T03:09", 3600, 120, "1 h 06 min are left before the cutoff, and 1 h 07 min are needed"),
        ("2026-11-25T03:07", 3600, 120, ""),
        ("2026-11-25T04:00", 0, 7200, "the hosts are watched for 2 h 00 min, and going back may take 5 min 00 s"),
        ("2026-11-25T12:00", 3600, 120, ""),
    ],
    ids=["in time", "a minute late", "just in time", "watched for long", "in an emergency, outside the window"],
)
def test_what_the_vendor_expects_must_fit_with_the_way_back(
    site: dict[str, Any], at: str, migration: float, watch: float, said: str
) -> None:
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = upgrade_gate.fit_problem(site, migration, watch, 300, "", now)
    assert said in found if said else found == ""


def test_a_rehearsal_fits_by_its_own_clock(site: dict[str, Any]) -> None:
    assert FIT(site, 60, 60, 300, "2026-11-24T23:00:00+00:00") == ""
    assert "are needed" in FIT(site, "3600", "60", "300", "2026-11-25T04:00:00+00:00")
    with pytest.raises(AnsibleFilterError):
        FIT(site, 60, 60, 300, "soon")
