"""Obligations: what the records say, period by period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.signature import sign
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import NAMESPACE, Approval
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract, read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.emergency_approval import by_hand_of, subject_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.obligation import Answer, ObligationError, answer
from ansible_collections.traumalink.ops.plugins.plugin_utils.signed_approval import Signed

Make = Callable[..., dict[str, Any]]
NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)  # noon at the site
BACKUP = "verb=='backup' && outcome=='success'"


def record(run_id: str, verb: str = "backup", **fields: Any) -> dict[str, Any]:
    """Return a record; its times are those of its run id (20261125-033000) unless they are given."""
    started = f"{datetime.strptime(run_id[:15], '%Y%m%d-%H%M%S').isoformat()}Z"  # noqa: DTZ007 - Z is added
    whole = {
        "run_id": run_id,
        "site": "lab",
        "verb": verb,
        "outcome": "success",
        "started_at": started,
        "ended_at": started,
    }
    return {**whole, "rehearsal": False, "by_hand": None, "emergency": None, **fields}


@pytest.fixture
def asked(contract_data: Make) -> Callable[..., list[Answer]]:
    """Give a function that asks records about one obligation."""

    def ask(
        records: list[dict[str, Any]],
        first: str,
        last: str,
        now: datetime = NOW,
        calendar: dict[str, Any] | None = None,
        contacts: list[dict[str, Any]] | None = None,
        **duty: Any,
    ) -> list[Answer]:
        wording = {"id": "4.6", "title": {"zh": "备份", "en": "Backup"}, **duty}
        sections = {
            "obligations": [wording],
            "contacts": contacts or [],
            **({"calendar": calendar} if calendar is not None else {}),
        }
        contract: Contract = read_contract(contract_data(**sections))
        return answer(contract, records, date.fromisoformat(first), date.fromisoformat(last), now)

    return ask


def states(answers: list[Answer]) -> list[tuple[str, str]]:
    """Return period and state of each answer."""
    return [(found.period, found.state) for found in answers]


def test_every_day_by_the_sites_clock(asked: Callable[..., list[Answer]]) -> None:
    # 16:10 UTC is ten past midnight of the next day at the site
    records = [record("20261121-161000-aaaaaa"), record("20261123-155900-bbbbbb"), record("20261124-200000-cccccc")]
    found = asked(records, "2026-11-21", "2026-11-25", every="day", met_by=BACKUP)
    assert states(found) == [
        ("2026-11-21", "missed"),
        ("2026-11-22", "met"),
        ("2026-11-23", "met"),
        ("2026-11-24", "missed"),
        ("2026-11-25", "met"),
    ]
    assert found[1].met_by == ("20261121-161000-aaaaaa",)
    assert found[1].deadline == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert found[1].as_data() == {
        "obligation": "4.6",
        "title": {"zh": "备份", "en": "Backup"},
        "period": "2026-11-22",
        "state": "met",
        "met_by": ["20261121-161000-aaaaaa"],
        "deadline": "2026-11-22T16:00:00+00:00",
        "note": "",
    }


@pytest.mark.parametrize(
    ("every", "period"),
    [
        ("day", "2026-11-25"),
        ("week", "2026-W48"),
        ("month", "2026-11"),
        ("quarter", "2026-Q4"),
        ("half_year", "2026-H2"),
        ("year", "2026"),
    ],
)
def test_what_can_still_be_met_is_due(asked: Callable[..., list[Answer]], every: str, period: str) -> None:
    assert states(asked([], "2026-11-25", "2026-11-25", every=every, met_by=BACKUP)) == [(period, "due")]
    late = datetime(2026, 12, 31, 16, tzinfo=UTC)  # the year is over at the site
    assert states(asked([], "2026-11-25", "2026-11-25", late, every=every, met_by=BACKUP)) == [(period, "missed")]


@pytest.mark.parametrize(
    "changes",
    [
        {"rehearsal": True},
        {"outcome": "failed"},
        {"outcome": "refused"},
        {"outcome": None, "ended_at": None},
        {"verb": "drill"},
    ],
)
def test_what_does_not_count(asked: Callable[..., list[Answer]], changes: dict[str, Any]) -> None:
    found = asked([record("20261124-200000-aaaaaa", **changes)], "2026-11-25", "2026-11-25", every="day", met_by=BACKUP)
    assert states(found) == [("2026-11-25", "due")]


def test_an_operation_that_still_runs_meets_nothing_whatever_is_asked(asked: Callable[..., list[Answer]]) -> None:
    running = record("20261124-200000-aaaaaa", outcome=None, ended_at=None)
    assert asked([running], "2026-11-25", "2026-11-25", every="day", met_by="verb=='backup'")[0].state == "due"


@pytest.mark.parametrize(
    ("visits", "state", "note"),
    [(0, "due", "0 of 2"), (1, "due", "1 of 2"), (2, "met", "2 of 2"), (3, "met", "3 of 2")],
)
def test_counts_work_done_by_hand_on_the_day_it_was_done(
    asked: Callable[..., list[Answer]], visits: int, state: str, note: str
) -> None:
    records = [
        record(f"20270110-08000{n}-aaaaaa", "record", by_hand={"kind": "visit", "occurred_at": f"2026-0{n + 1}-10"})
        for n in range(visits)
    ]
    found = asked(records, "2026-01-01", "2026-12-31", id="3.4", count=2, per="year", met_by="by_hand.kind=='visit'")
    assert [(a.period, a.state, a.note, len(a.met_by)) for a in found] == [("2026", state, note, visits)]


def test_too_few_in_a_period_that_is_over_is_missed(asked: Callable[..., list[Answer]]) -> None:
    records = [record(f"2025{month:02}10-030000-aaaaaa", "inspect") for month in (1, 4, 7)]
    found = asked(records, "2025-01-01", "2026-12-31", count=4, per="year", met_by="verb=='inspect'")
    assert [(a.period, a.state, a.note) for a in found] == [("2025", "missed", "3 of 4"), ("2026", "due", "0 of 4")]


@pytest.mark.parametrize(
    ("when", "local_days", "state"),
    [
        # Spring Festival 2026: off from 15 to 23 February
        ("before", ["2026-02-08"], "met"),
        ("before", ["2026-02-14"], "met"),
        ("before", ["2026-02-07"], "missed"),
        ("before", ["2026-02-15"], "missed"),
        ("during", ["2026-02-15"], "met"),
        ("during", ["2026-02-23"], "met"),
        ("during", ["2026-02-14", "2026-02-24"], "missed"),
        ("after", ["2026-02-24"], "met"),
        ("after", ["2026-03-02"], "met"),
        ("after", ["2026-02-23", "2026-03-03"], "missed"),
        ("around", ["2026-02-08"], "met"),
        ("around", ["2026-03-02"], "met"),
        ("around", ["2026-02-07", "2026-03-03"], "missed"),
    ],
)
def test_around_a_holiday(asked: Callable[..., list[Answer]], when: str, local_days: list[str], state: str) -> None:
    records = [record(f"{day.replace('-', '')}-040000-aaaaaa", "inspect") for day in local_days]
    duty = {"around": ["spring_festival"], "within": "7d", "when": when, "met_by": "verb=='inspect'"}
    found = asked(records, "2026-01-01", "2026-12-31", **duty)
    assert states(found) == [("spring_festival 2026", state)]
    assert found[0].note.startswith(f"{when} the days off, 2026-0")


def test_holidays_of_the_reported_stretch_alone_before_them_by_default(asked: Callable[..., list[Answer]]) -> None:
    holidays = ["spring_festival", "labour_day", "national_day"]
    records = [record("20260926-020000-aaaaaa", "inspect")]
    found = asked(records, "2026-04-24", "2026-09-30", around=holidays, within="7d", met_by="verb=='inspect'")
    assert states(found) == [("labour_day 2026", "missed"), ("national_day 2026", "met")]
    assert found[1].note == "before the days off, 2026-09-24 to 2026-09-30"
    assert found[1].deadline == datetime(2026, 9, 30, 16, tzinfo=UTC)


def test_a_holiday_that_nobody_has_published_is_due_and_never_guessed(asked: Callable[..., list[Answer]]) -> None:
    duty = {"around": ["spring_festival"], "within": "7d", "met_by": "verb=='inspect'"}
    late = datetime(2028, 1, 1, tzinfo=UTC)
    found = asked([record("20270201-020000-aaaaaa", "inspect")], "2027-01-01", "2027-12-31", late, **duty)
    assert [(a.period, a.state, a.deadline) for a in found] == [("spring_festival 2027", "due", None)]
    assert found[0].note == "not published; write its days under calendar.overrides.2027.holidays.spring_festival"
    assert asked([], "2026-12-01", "2026-12-31", **duty) == []
    published = {"overrides": {"2027": {"holidays": {"spring_festival": ["2027-02-05/2027-02-11"]}}}}
    found = asked([record("20270201-020000-aaaaaa", "inspect")], "2027-01-01", "2027-12-31", late, published, **duty)
    assert states(found) == [("spring_festival 2027", "met")]
    unnamed = {"overrides": {"2027": {"off": ["2027-02-05"]}}}
    found = asked([], "2027-01-01", "2027-12-31", late, unnamed, **duty)
    assert found[0].note.startswith("the calendar has no days of this holiday; write its days under")


def test_new_year_falls_due_in_the_year_before(asked: Callable[..., list[Answer]]) -> None:
    found = asked([], "2026-12-01", "2026-12-31", around=["new_years_day"], within="7d", met_by="verb=='inspect'")
    assert states(found) == [("new_years_day 2027", "due")]


@pytest.mark.parametrize(
    ("opened", "resolved", "state", "note"),
    [
        ("2026-11-24T08:00:00Z", "2026-11-24T10:00:00Z", "met", "2h of 2h"),
        ("2026-11-24T08:00:00+08:00", "2026-11-24T01:30:00Z", "met", "1h30m of 2h"),
        ("2026-11-24T08:00:00Z", "2026-11-24T10:00:01Z", "missed", "2h1s of 2h"),
        ("2026-11-24T08:00:00Z", None, "missed", "no resolved within 2h"),
        ("2026-11-25T03:00:00Z", None, "due", "no resolved yet, 1h of 2h left"),
        ("2026-11-25T03:00:00Z", "soon", "due", "no resolved yet, 1h of 2h left"),
        ("2026-11-24T08:00:00Z", "2026-11-24T07:00:00Z", "missed", "resolved is before opened; correct the record"),
        (None, "2026-11-24T10:00:00Z", "due", "the record has no time opened"),
    ],
)
def test_deadlines(
    asked: Callable[..., list[Answer]], opened: str | None, resolved: str | None, state: str, note: str
) -> None:
    fault = record("20261124-090000-aaaaaa", "fault", opened=opened, resolved=resolved, outcome=None)
    duty = {"id": "5.7", "each": "verb=='fault'", "from": "opened", "to": "resolved", "within": "2h"}
    found = asked([fault, record("20261124-200000-bbbbbb")], "2026-11-24", "2026-11-25", **duty)
    assert states(found) == [("20261124-090000-aaaaaa", state)]
    assert found[0].note.startswith(note)
    assert found[0].met_by == (("20261124-090000-aaaaaa",) if state == "met" else ())


def test_a_deadline_belongs_to_the_day_on_which_it_began(asked: Callable[..., list[Answer]]) -> None:
    fault = record("20261124-090000-aaaaaa", "fault", opened="2026-11-23T16:30:00Z", resolved=None)
    duty = {"each": "verb=='fault'", "from": "opened", "to": "resolved", "within": "2h"}
    assert [len(asked([fault], day, day, **duty)) for day in ("2026-11-23", "2026-11-24", "2026-11-25")] == [0, 1, 0]
    assert asked([{**fault, "rehearsal": True}], "2026-11-24", "2026-11-24", **duty) == []


def test_an_upgrade_without_approval_or_window_is_missed(asked: Callable[..., list[Answer]]) -> None:
    """Clause 2.3 as the example asks it."""
    duty = {"each": "verb=='upgrade'", "from": "started_at", "within": "1s"}
    duty["to"] = "window.state=='open' && approval && started_at"
    open_window, approval = {"state": "open"}, {"id": "a1"}
    records = [
        record("20261124-150000-aaaaaa", "upgrade", window=open_window, approval=approval),
        record("20261124-151000-bbbbbb", "upgrade", window=open_window, approval=None),
        record("20261124-152000-cccccc", "upgrade", window={"state": "closed"}, approval=approval),
        record("20261124-153000-dddddd", "upgrade", window=None, approval=approval),
    ]
    assert [a.state for a in asked(records, "2026-11-24", "2026-11-24", **duty)] == [
        "met",
        "missed",
        "missed",
        "missed",
    ]


def test_a_record_that_cannot_be_asked_is_named_and_does_not_count(asked: Callable[..., list[Answer]]) -> None:
    records = [record("20261124-200000-aaaaaa"), record("20261124-210000-bbbbbb", hosts=["db1"])]
    found = asked(records, "2026-11-25", "2026-11-25", every="day", met_by="contains(hosts, 'db2')")
    assert found[0].state == "due"
    assert found[0].note.startswith("20261124-200000-aaaaaa could not be asked: In function contains()")


def test_a_record_without_time_is_an_error(asked: Callable[..., list[Answer]]) -> None:
    records = [record("20261124-200000-aaaaaa", started_at=None)]
    with pytest.raises(ObligationError, match="record 20261124-200000-aaaaaa has no time"):
        asked(records, "2026-11-25", "2026-11-25", every="day", met_by=BACKUP)


@pytest.mark.parametrize(("expression", "met"), [("figures.failed", True), ("figures.none", False), ("`[]`", False)])
def test_truth_is_jmespaths(asked: Callable[..., list[Answer]], expression: str, met: bool) -> None:
    records = [record("20261124-200000-aaaaaa", figures={"failed": 0, "none": ""})]
    found = asked(records, "2026-11-25", "2026-11-25", every="day", met_by=expression)
    assert (found[0].state == "met") is met


LET_THROUGH = "20261121-161000-aaaaaa"
EMERGENCY = {
    "each": "emergency && outcome!='refused'",
    "from": "started_at",
    "to": "by_hand.occurred_at",
    "within": "3d",
}
EMERGENCY["answered_by"] = "by_hand.kind=='approval'"


LI_NA = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
Approve = Callable[..., dict[str, Any]]


@pytest.fixture
def approved(tmp_path: Path, keys: Callable[[str], Path]) -> Approve:
    """Give a function that returns the record of an approval after an emergency, as it is brought in; `by_hand` and `approval` are changed in it later."""

    def make(
        signed_at: str = "2026-11-22T01:00:00Z", key: str = "li", run_id: str = LET_THROUGH, verb: str = "upgrade",
        site: str = "lab", by_hand: dict[str, Any] | None = None, approval: dict[str, Any] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        made_at = datetime.fromisoformat(signed_at)
        ends = made_at + timedelta(days=30)
        said = Approval("0" * 16, site, verb, subject_of(run_id), run_id, made_at, ends, "li_na", made_at)
        document = tmp_path / "approval"
        document.write_bytes(said.document())
        held = Signed(said, "SHA256:" + "k" * 43, sign(document, keys(key), NAMESPACE).decode()).as_record()
        told = {**by_hand_of(said), **(by_hand or {})}
        return record("20261122-010000-bbbbbb", "record", by_hand=told, approval={**held, **(approval or {})})

    return make


@pytest.fixture
def in_emergency(asked: Callable[..., list[Answer]], keys: Callable[[str], Path]) -> Callable[..., Answer]:
    """Give a function that asks whether an upgrade's emergency was approved afterwards, by these records."""
    li_na = {**LI_NA, "signing_keys": [keys("li").with_suffix(".pub").read_text().strip()]}

    def ask(*others: dict[str, Any]) -> Answer:
        emergency = {"reason": "it hangs", "by": "li_na"}
        let_through = record(LET_THROUGH, "upgrade", emergency=emergency)
        refused = record("20261121-171000-cccccc", "upgrade", emergency=emergency, outcome="refused")
        records = [let_through, refused, *others]
        (found,) = asked(records, "2026-11-20", "2026-11-25", contacts=[li_na], **EMERGENCY)
        assert found.period == LET_THROUGH
        return found

    return ask


def test_an_emergency_is_approved_afterwards_by_what_an_approver_has_signed_for_it(
    in_emergency: Callable[..., Answer], approved: Approve
) -> None:
    found = in_emergency(approved())
    assert (found.state, found.met_by, found.note) == ("met", ("20261122-010000-bbbbbb",), "8h50m of 3d")
    assert in_emergency().state == "missed"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"approval": {"document": "", "signature": ""}}, "keeps no signed document"),
        ({"approval": {"document": "{}"}}, "does not fit The approval in the record"),
        ({"key": "zhang"}, "is not signed by one of the hospital's approvers"),
        ({"run_id": "20261121-161000-dddddd", "by_hand": {"summary_zh": f"补批 {LET_THROUGH}"}}, "was signed for something else"),
        ({"verb": "restore"}, "was signed for something else"),
        ({"site": "elsewhere"}, "was signed for something else"),
        ({"by_hand": {"summary_zh": "补批另一次", "summary_en": ""}}, ""),
        ({"by_hand": {"kind": "visit"}}, ""),
    ],
)  # fmt: skip
def test_what_is_no_signed_approval_of_it_meets_nothing_and_is_named(
    in_emergency: Callable[..., Answer], approved: Approve, changes: dict[str, Any], said: str
) -> None:
    found = in_emergency(approved(**changes))
    assert (found.state, found.met_by) == ("missed", ())
    assert said in found.note
    assert ("20261122-010000-bbbbbb is no approval that counts" in found.note) is bool(said)


def test_what_counts_is_when_it_was_signed_whatever_the_record_says_beside_it(
    in_emergency: Callable[..., Answer], approved: Approve
) -> None:
    late = approved("2026-11-25T01:00:00Z", by_hand={"occurred_at": "2026-11-22T09:00:00+08:00"})
    late["approval"]["made_at"] = "2026-11-22T01:00:00Z"
    assert in_emergency(late).state == "missed"


def test_an_approval_afterwards_is_due_for_a_while(asked: Callable[..., list[Answer]]) -> None:
    let_through = record("20261124-161000-aaaaaa", "upgrade", emergency={"reason": "it hangs", "by": "li_na"})
    (found,) = asked([let_through], "2026-11-20", "2026-11-25", **EMERGENCY)
    assert (found.state, found.deadline) == ("due", datetime(2026, 11, 27, 16, 10, tzinfo=UTC))
