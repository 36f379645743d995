"""The gate: DESIGN's rows, as answers to the same contract at different moments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract, read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.gate import Request, Verdict, expected, judge
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import policy_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
CONTRACT = {
    "id": "cs-2026",
    "title": {"zh": "维护", "en": "Maintenance"},
    "timezone": "Asia/Shanghai",
    "calendar": {"country": "CN", "always_safe": "01:00-04:00"},
    "working_hours": {"workday": ["08:00-12:00", "14:00-17:30"], "restday": []},
    "windows": [{"name": "nightly", "days": "any", "start": "22:00", "duration": "7h", "cutoff": "45m"}],
    "freezes": [{"name": "accreditation", "from": "2026-12-01", "to": "2026-12-05", "reason": "JCI visit"}],
    "contacts": [
        {
            "id": "li_na",
            "name": {"zh": "李娜", "en": "Li Na"},
            "side": "hospital",
            "roles": ["approver"],
            "phone": "010-5550-0100",
        }
    ],
}
APPROVAL = {"id": "a1", "approver": "li_na"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    """Give a contract with one nightly window."""
    return read_contract(CONTRACT)


def verdict(contract: Contract, verb: str, at: str, **changes: Any) -> Verdict:
    """Judge a verb at a local time in Shanghai."""
    moment = datetime.fromisoformat(at).replace(tzinfo=SHANGHAI)
    request = Request("lab", verb, moment, changes.pop("needs", timedelta(minutes=30)), **changes)
    return judge(contract, policy_of(verb), request)


def test_inside_the_window_with_an_approval_an_upgrade_may_run(contract: Contract) -> None:
    found = verdict(contract, "upgrade", "2026-11-24 23:00", approval=APPROVAL)
    assert found.refusal == ""
    assert found.window["state"] == "open"
    assert found.window["next_close"] == "2026-11-24T21:00:00+00:00"


def test_outside_every_window_it_is_refused_with_the_next_opening(contract: Contract) -> None:
    refusal = verdict(contract, "upgrade", "2026-11-24 10:00", approval=APPROVAL).refusal
    assert refusal.startswith("upgrade of lab is refused: ")
    assert "the next opening is 2026-11-24 22:00 CST" in refusal
    assert refusal.endswith("Nothing was changed")


def test_what_no_longer_fits_with_its_rollback_is_refused(contract: Contract) -> None:
    refusal = verdict(contract, "upgrade", "2026-11-25 04:00", approval=APPROVAL).refusal
    assert "15m are left before the cutoff, and work with rollback needs 30m" in refusal
    assert "the next opening is 2026-11-25 22:00 CST" in refusal


def test_a_freeze_is_named(contract: Contract) -> None:
    refusal = verdict(contract, "upgrade", "2026-12-02 23:00", approval=APPROVAL).refusal
    assert "accreditation" in refusal
    assert "the next opening is 2026-12-06 00:00 CST" in refusal


def test_an_unpublished_year_admits_the_always_safe_hours_only(contract: Contract) -> None:
    assert "2027" in verdict(contract, "upgrade", "2027-03-02 23:00", approval=APPROVAL).refusal
    assert verdict(contract, "upgrade", "2027-03-02 02:00", approval=APPROVAL).refusal == ""


def test_a_missing_approval_is_refused_with_its_problem(contract: Contract) -> None:
    refusal = verdict(contract, "upgrade", "2026-11-24 23:00", approval_problem="no approval").refusal
    assert refusal == "upgrade of lab is refused: no approval. Nothing was changed"


@pytest.mark.parametrize(
    ("verb", "flags", "allowed"),
    [
        ("backup", {}, True),
        ("rollback", {}, True),
        ("site", {}, True),
        ("site", {"restarts": True}, False),
        ("restore", {}, True),
        ("restore", {"serving": True}, False),
        ("maintain_database", {}, False),
        ("drill", {}, True),
        ("patch_plan", {}, True),
    ],
)
def test_in_working_hours_only_what_disturbs_nobody_runs(
    contract: Contract, verb: str, flags: dict[str, bool], allowed: bool
) -> None:
    assert (verdict(contract, verb, "2026-11-24 10:00", **flags).refusal == "") is allowed


def test_an_emergency_opens_the_gate_and_is_told(contract: Contract) -> None:
    found = verdict(contract, "upgrade", "2026-12-02 10:00", emergency_reason=" it hangs ", emergency_by="li_na")
    assert found.refusal == ""
    assert found.emergency == {"reason": "it hangs", "by": "li_na"}
    assert any("an approval afterwards is due" in note for note in found.notes)


@pytest.mark.parametrize(
    ("reason", "by", "message"),
    [
        ("it hangs", "", "needs both operation_emergency_reason and operation_emergency_by"),
        ("", "li_na", "needs both"),
        ("it hangs", "nobody", "'nobody' is no contact of the contract; use one of li_na"),
    ],
)
def test_half_an_emergency_opens_nothing(contract: Contract, reason: str, by: str, message: str) -> None:
    found = verdict(contract, "backup", "2026-11-24 10:00", emergency_reason=reason, emergency_by=by)
    assert message in found.refusal
    assert found.emergency is None


@pytest.mark.parametrize(("verb", "told"), [("upgrade", True), ("backup", False), ("record", False), ("ledger", False)])
def test_a_calendar_that_lacks_the_next_year_is_told_where_windows_matter(
    contract: Contract, verb: str, told: bool
) -> None:
    notes = verdict(contract, verb, "2026-11-24 23:00").notes
    assert any("2027" in note for note in notes) is told


def test_without_ops_everything_but_a_restore_is_refused(contract: Contract) -> None:
    refusal = verdict(contract, "backup", "2026-11-24 10:00", ops="ops1", ops_problem="no route").refusal
    assert "ops1 cannot be reached (no route), so there is neither lock nor record" in refusal
    found = verdict(contract, "restore", "2026-11-24 10:00", ops="ops1", ops_problem="no route")
    assert found.refusal == ""
    assert "ops1 cannot be reached; the record is kept on this controller until it can" in found.notes


@pytest.mark.parametrize(
    ("given", "agreed", "earlier", "minutes"),
    [
        (timedelta(minutes=5), None, [60.0], 5),
        (timedelta(minutes=5), None, [420.0], 7),
        (timedelta(minutes=5), None, [], 60),
        (timedelta(minutes=90), None, [], 90),
        (timedelta(minutes=5), timedelta(minutes=9), [60.0], 9),
        (timedelta(minutes=12), timedelta(minutes=9), [60.0], 12),
        (None, timedelta(minutes=9), [60.0], 9),
        (None, None, [60.0 * number for number in range(10, 0, -1)], 9),
        (None, None, [120.0], 2),
        (None, None, [], 60),
    ],
)
def test_how_long_work_is_taken_to_need(
    given: timedelta | None, agreed: timedelta | None, earlier: list[float], minutes: int
) -> None:
    assert expected(given, agreed, earlier) == timedelta(minutes=minutes)


@pytest.mark.parametrize(("asked", "told"), [(10, True), (30, False), (None, False)])
def test_less_time_than_is_known_does_not_count_and_is_said(contract: Contract, asked: int | None, told: bool) -> None:
    given = None if asked is None else timedelta(minutes=asked)
    found = verdict(contract, "upgrade", "2026-11-24 23:00", approval=APPROVAL, asked=given)
    assert (
        "operation_expected 10m is less than the 30m of the contract or of earlier runs, which count" in found.notes
    ) is told
