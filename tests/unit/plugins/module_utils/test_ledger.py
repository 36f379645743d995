"""Operations in the ledger: who may open, what closing leaves behind, and that nothing is written twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.lease import Busy, Unsettled
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Acquired, Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_check import verify
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_reading import Selection, records
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_store import LedgerError
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record, canonical

Make = Callable[..., Record]
NOW = datetime(2026, 11, 25, 3, 30, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=91)
APPROVAL = {
    "id": "k3f", "approver": "wang", "subject": "", "valid_from": "2026-11-25T00:00:00Z", "valid_to": "2026-11-26T00:00:00Z",
}  # fmt: skip


@pytest.fixture(autouse=True)
def chain_fits(ledger: Ledger) -> Any:
    """Whatever a test did, the chain must fit in the end."""
    yield
    assert verify(ledger.store).fault is None


def acquire(
    ledger: Ledger, record: Record, mode: str = "exclusive", now: datetime = NOW, ending: bool = False, **settled: str
) -> Any:
    """Open an operation with a lease of a minute."""
    reasons = {name.removeprefix("r").replace("_", "-"): why for name, why in settled.items()}
    return ledger.acquire(record, mode, 60, now, reasons, list(reasons) if ending else ())


def stored(ledger: Ledger, **selection: Any) -> list[dict[str, Any]]:
    """Return records, the newest first."""
    return records(ledger.store, Selection(**selection))


def entries(ledger: Ledger) -> list[tuple[str, str]]:
    """Return kind and run id of every entry."""
    return list(ledger.store.execute("SELECT kind, run_id FROM entry ORDER BY sequence"))


@pytest.mark.parametrize(
    ("first", "second", "busy"),
    [
        ("exclusive", "exclusive", True),
        ("exclusive", "shared", True),
        ("shared", "exclusive", True),
        ("shared", "shared", False),
        ("none", "exclusive", False),
        ("exclusive", "none", False),
        ("none", "shared", False),
        ("none", "none", False),
    ],
)
def test_modes_conflict_as_the_lock_says(ledger: Ledger, record: Make, first: str, second: str, busy: bool) -> None:
    acquire(ledger, record(1), first)
    answer = acquire(ledger, record(2, verb="upgrade"), second)
    if busy:
        assert isinstance(answer, Busy)
        assert [lease.run_id for lease in answer.holders] == [record(1).run_id]
        assert answer.message == (
            "The site is held by backup 20261125-033000-000001 of li.na@controller1, since 2026-11-25T03:30:00Z."
        )
        assert len(entries(ledger)) == 1
    else:
        assert isinstance(answer, Acquired)
        assert [lease.run_id for lease in ledger.operations()] == [record(1).run_id, record(2).run_id]


@pytest.mark.parametrize(("verb", "busy"), [("drill", True), ("backup_files", False)])
def test_two_that_share_the_site_run_side_by_side_unless_they_are_of_one_verb(
    ledger: Ledger, record: Make, verb: str, busy: bool
) -> None:
    acquire(ledger, record(1, verb="drill"), "shared")
    assert isinstance(acquire(ledger, record(2, verb=verb), "shared"), Busy) is busy


def test_two_of_one_verb_that_run_beside_anything_run_beside_each_other(ledger: Ledger, record: Make) -> None:
    acquire(ledger, record(1, verb="fault"), "none")
    assert isinstance(acquire(ledger, record(2, verb="fault"), "none"), Acquired)


def test_a_restore_learns_of_all_that_hold_the_site(ledger: Ledger, record: Make) -> None:
    for number, verb in ((1, "drill"), (2, "backup_files"), (3, "inspect")):
        acquire(ledger, record(number, verb=verb), "none" if number == 3 else "shared")
    answer = acquire(ledger, record(4, verb="restore"))
    assert [lease.run_id for lease in answer.holders] == [record(1).run_id, record(2).run_id]


def test_the_next_may_open_when_the_holder_has_closed(ledger: Ledger, record: Make, ended: dict[str, str]) -> None:
    acquire(ledger, record(1))
    head = ledger.close(record(1, **ended, figures={"backup_bytes": 7}), NOW)
    assert head.sequence == 2
    assert isinstance(acquire(ledger, record(2)), Acquired)
    (_open, closed) = stored(ledger)
    assert (closed["outcome"], closed["figures"]) == ("success", {"backup_bytes": 7})


@pytest.mark.parametrize("mode", ["exclusive", "shared", "none"])
def test_an_expired_lease_of_any_mode_must_be_settled_first(ledger: Ledger, record: Make, mode: str) -> None:
    acquire(ledger, record(1), mode)
    assert isinstance(acquire(ledger, record(3), "none", LATER), Acquired), "what runs beside anything waits for nobody"
    ledger.close(record(3, outcome="success", ended_at="2026-11-25T03:31:02Z"), LATER)
    answer = acquire(ledger, record(2), "shared", LATER)
    assert isinstance(answer, Unsettled)
    (lost,) = answer.operations
    assert (lost.run_id, lost.verb, lost.actor, lost.hosts) == (
        record(1).run_id,
        "backup",
        "li.na@controller1",
        ("db1", "ops1"),
    )
    assert lost.since == "2026-11-25T03:30:00Z"
    assert len(entries(ledger)) == 3
    opened = acquire(ledger, record(2), "shared", LATER, r20261125_033000_000001="its unit on db1 was ended")
    assert isinstance(opened, Acquired)
    assert opened.settled == (record(1).run_id,)
    assert entries(ledger)[3:] == [("close", record(1).run_id), ("open", record(2).run_id)]
    (closed,) = stored(ledger, outcome="interrupted")
    assert (closed["run_id"], closed["reason"]) == (record(1).run_id, "its unit on db1 was ended")
    assert closed["ended_at"] == "2026-11-25T03:31:32Z"


def test_a_lease_counts_until_its_last_moment(ledger: Ledger, record: Make) -> None:
    acquire(ledger, record(1))
    assert isinstance(acquire(ledger, record(2), now=NOW + timedelta(seconds=89.9)), Busy)
    assert isinstance(acquire(ledger, record(2), now=NOW + timedelta(seconds=90)), Unsettled)


def test_a_renewed_lease_does_not_expire(ledger: Ledger, record: Make) -> None:
    acquire(ledger, record(1))
    assert ledger.renew(record(1).run_id, 60, NOW + timedelta(seconds=50))
    assert isinstance(acquire(ledger, record(2), now=LATER), Busy)


def test_one_that_was_only_slow_has_its_lease_back_while_nobody_settled_it(ledger: Ledger, record: Make) -> None:
    acquire(ledger, record(1))
    assert ledger.renew(record(1).run_id, 60, LATER)
    assert isinstance(acquire(ledger, record(2), now=LATER), Busy)


def test_one_that_renewed_while_it_was_being_settled_lives(ledger: Ledger, record: Make) -> None:
    acquire(ledger, record(1))
    assert isinstance(acquire(ledger, record(2), now=LATER), Unsettled)
    assert ledger.renew(record(1).run_id, 60, LATER)
    answer = acquire(ledger, record(2), now=LATER, r20261125_033000_000001="its controller went silent")
    assert isinstance(answer, Busy)
    assert answer.settled == ()
    assert entries(ledger) == [("open", record(1).run_id)]


def test_a_live_operation_can_be_ended_by_name(ledger: Ledger, record: Make, ended: dict[str, str]) -> None:
    acquire(ledger, record(1))
    answer = acquire(ledger, record(2, verb="restore"), ending=True, r20261125_033000_000001="ended by the restore")
    assert isinstance(answer, Acquired)
    assert not ledger.renew(record(1).run_id, 60, NOW)
    with pytest.raises(
        LedgerError, match=r"was closed as interrupted at 2026-11-25T03:30:01Z \(ended by the restore\)"
    ):
        ledger.close(record(1, **ended), NOW)
    assert [lease.run_id for lease in ledger.operations()] == [record(2).run_id]


def test_settling_stays_done_when_the_answer_is_busy(ledger: Ledger, record: Make) -> None:
    acquire(ledger, record(1), "shared")
    acquire(ledger, record(2), "shared", now=LATER, r20261125_033000_000001="gone")
    answer = acquire(ledger, record(3), now=LATER, r20261125_033000_000009="never was", r20261125_033000_000001="again")
    assert isinstance(answer, Busy)
    assert answer.settled == ()
    assert [lease.run_id for lease in answer.holders] == [record(2).run_id]


def test_opening_again_after_a_lost_answer_writes_nothing_twice(ledger: Ledger, record: Make) -> None:
    first = acquire(ledger, record(1))
    again = acquire(ledger, record(1))
    assert again.head == first.head
    assert len(entries(ledger)) == 1


def test_a_run_id_is_used_once(ledger: Ledger, record: Make, ended: dict[str, str]) -> None:
    acquire(ledger, record(1))
    with pytest.raises(LedgerError, match=r"run id 20261125-033000-000001 was used before \(backup, entry 1\)"):
        acquire(ledger, record(1, actor="wang@controller2"))
    ledger.close(record(1, **ended), NOW)
    with pytest.raises(LedgerError, match="was used before"):
        acquire(ledger, record(1))


def test_closing_again_after_a_lost_answer_gives_the_same_head(
    ledger: Ledger, record: Make, ended: dict[str, str]
) -> None:
    acquire(ledger, record(1))
    head = ledger.close(record(1, **ended), NOW)
    assert ledger.close(record(1, **ended), LATER) == head
    assert len(entries(ledger)) == 2
    with pytest.raises(LedgerError, match=r"stands in the ledger already, as success \(entry 2\)"):
        ledger.close(record(1, **{**ended, "outcome": "failed"}), LATER)


@pytest.mark.parametrize(
    "change",
    [
        {"verb": "upgrade"}, {"site": "other"}, {"started_at": "2026-11-25T03:31:00Z"}, {"approval": APPROVAL},
        {"emergency": {"reason": "x", "by": "y"}}, {"rehearsal": True}, {"actor": "wang@controller2"}, {"hosts": ["db1"]}, {"clauses": ["4.6"]},
        {"window": {"state": "open", "reason": "nightly", "next_open": None, "next_close": None}},
    ],
)  # fmt: skip
def test_closing_cannot_make_another_operation_of_it(
    ledger: Ledger, record: Make, ended: dict[str, str], change: dict[str, Any]
) -> None:
    acquire(ledger, record(1))
    with pytest.raises(LedgerError, match=f"was opened with another {next(iter(change))}; close it as it was opened"):
        ledger.close(record(1, **ended, **change), NOW)
    assert stored(ledger)[0]["outcome"] is None


def test_closing_wants_an_opening_and_an_outcome(ledger: Ledger, record: Make, ended: dict[str, str]) -> None:
    with pytest.raises(LedgerError, match="was never opened; append it, or import it"):
        ledger.close(record(1, **ended), NOW)
    with pytest.raises(LedgerError, match="has no outcome; close it with one"):
        ledger.close(record(1), NOW)
    with pytest.raises(LedgerError, match="has the outcome success before it was opened"):
        acquire(ledger, record(1, **ended))
    with pytest.raises(LedgerError, match="has no outcome; append it with one"):
        ledger.append(record(1), NOW)
    assert entries(ledger) == []


@pytest.mark.parametrize(("mode", "seconds"), [("solo", 60), ("shared", 0), ("shared", -1)])
def test_refuses_a_mode_and_a_lease_that_are_none(ledger: Ledger, record: Make, mode: str, seconds: float) -> None:
    with pytest.raises(LedgerError, match="must be one of exclusive, shared, none, lease_seconds"):
        ledger.acquire(record(1), mode, seconds, NOW)


def test_an_approval_is_used_once_whatever_came_of_it(ledger: Ledger, record: Make, ended: dict[str, str]) -> None:
    assert isinstance(acquire(ledger, record(1, approval=APPROVAL)), Acquired)
    assert isinstance(acquire(ledger, record(1, approval=APPROVAL)), Acquired)  # the same call again
    ledger.close(record(1, **{**ended, "outcome": "rolled_back"}, approval=APPROVAL), NOW)
    with pytest.raises(LedgerError, match=r"approval k3f was used by 20261125-033000-000001; ask wang for a new one"):
        acquire(ledger, record(2, approval=APPROVAL))
    assert isinstance(acquire(ledger, record(2, approval={**APPROVAL, "id": "k4"})), Acquired)


def test_a_refused_operation_does_not_use_its_approval_up(ledger: Ledger, record: Make, ended: dict[str, str]) -> None:
    ledger.append(record(1, **{**ended, "outcome": "refused"}, approval=APPROVAL), NOW)
    assert isinstance(acquire(ledger, record(2, approval=APPROVAL)), Acquired)


def test_one_that_waits_for_the_site_has_not_used_its_approval_yet(
    ledger: Ledger, record: Make, ended: dict[str, str]
) -> None:
    acquire(ledger, record(1))
    assert isinstance(acquire(ledger, record(2, approval=APPROVAL)), Busy)
    ledger.close(record(1, **ended), NOW)
    assert isinstance(acquire(ledger, record(2, approval=APPROVAL)), Acquired)


def test_a_single_record_needs_no_lease_and_is_there_once(ledger: Ledger, record: Make, ended: dict[str, str]) -> None:
    acquire(ledger, record(1))
    visit = {"kind": "visit", "occurred_at": "2026-11-24T01:00:00Z", "entered_by": "li.na", "summary_zh": "来院"}
    by_hand = record(2, **ended, verb="record", by_hand=visit)
    assert ledger.append(by_hand, NOW) == ledger.append(by_hand, LATER)
    assert entries(ledger) == [("open", record(1).run_id), ("single", record(2).run_id)]
    with pytest.raises(LedgerError, match="stands in the ledger already, as open"):
        ledger.append(record(1, **ended), NOW)


SIGNED = {**APPROVAL, "subject": "a1" * 32, "made_at": "2026-11-25T03:29:00Z"}
APPROVED = {
    "kind": "approval", "occurred_at": "2026-11-25T03:29:00Z", "entered_by": "wang", "summary_zh": "补批 20261125-030000-000009",
}  # fmt: skip


def test_an_approval_after_an_emergency_comes_in_by_an_opening_with_it_alone(
    ledger: Ledger, record: Make, ended: dict[str, str]
) -> None:
    opened = {"verb": "record", "approval": SIGNED}
    acquire(ledger, record(1, **opened), "none")
    ledger.close(record(1, **opened, **ended, by_hand=APPROVED), NOW)
    acquire(ledger, record(2, verb="record", approval={**SIGNED, "id": "k4"}), "none")
    kept = record(2, verb="record", approval={**SIGNED, "id": "k4"}, **ended, by_hand=APPROVED)
    assert ledger.import_records([canonical(kept.as_dict())], NOW).imported == (record(2).run_id,)
    assert [each["by_hand"]["kind"] for each in stored(ledger)] == ["approval", "approval"]


@pytest.mark.parametrize("approval", [SIGNED, None])
def test_a_line_that_says_an_emergency_was_approved_stays_out(
    ledger: Ledger, record: Make, ended: dict[str, str], approval: dict[str, str] | None
) -> None:
    written = record(1, verb="record", approval=approval, **ended, by_hand=APPROVED)
    said = "says that the hospital has approved an emergency, and was not opened here with its approval"
    with pytest.raises(LedgerError, match=said):
        ledger.append(written, NOW)
    result = ledger.import_records([canonical(written.as_dict()), canonical(record(2, **ended).as_dict())], NOW)
    assert result.imported == (record(2).run_id,)
    (rejected,) = result.rejected
    assert rejected.line == 1
    assert said in rejected.why
    assert "traumalink.ops.record -e operation_approval=FILE" in rejected.why
    with pytest.raises(LedgerError, match=said):
        acquire(ledger, record(3, verb="record", approval=approval, by_hand=APPROVED), "none")
    acquire(ledger, record(4, verb="record"), "none")
    with pytest.raises(LedgerError, match=said):
        ledger.close(record(4, verb="record", **ended, by_hand=APPROVED), NOW)


@pytest.mark.parametrize("changes", [{"occurred_at": "2026-11-25T03:00:00Z"}, {"entered_by": "li_na"}])
def test_who_approved_and_when_is_what_the_approval_says(
    ledger: Ledger, record: Make, ended: dict[str, str], changes: dict[str, str]
) -> None:
    opened = {"verb": "record", "approval": SIGNED}
    acquire(ledger, record(1, **opened), "none")
    other = record(1, **opened, **ended, by_hand={**APPROVED, **changes})
    with pytest.raises(LedgerError, match="says otherwise than its approval k3f who approved an emergency, and when"):
        ledger.close(other, NOW)
    (rejected,) = ledger.import_records([canonical(other.as_dict())], NOW).rejected
    assert "says otherwise than its approval" in rejected.why


def test_what_an_earlier_version_opened_is_closed_by_its_own_record(
    ledger: Ledger, record: Make, ended: dict[str, str]
) -> None:
    earlier = record(1, approval=APPROVAL).as_dict()
    for name in ("made_at", "document", "signature"):
        del earlier["approval"][name]
    with ledger.store.writing():
        ledger._add("open", earlier, NOW)
    ledger.import_records([canonical(record(1, **ended, approval=APPROVAL).as_dict())], NOW)
    assert [each["outcome"] for each in stored(ledger)] == ["success"]


def test_imports_what_a_controller_kept_once(ledger: Ledger, record: Make, ended: dict[str, str]) -> None:
    lines = [canonical(record(number, **ended).as_dict()) for number in (1, 2)]
    first = ledger.import_records([*lines, ""], NOW)
    assert (first.imported, first.known) == ((record(1).run_id, record(2).run_id), ())
    again = ledger.import_records([*lines, canonical(record(3, **ended).as_dict())], NOW)
    assert (again.imported, again.known, again.remarks) == (
        (record(3).run_id,),
        (record(1).run_id, record(2).run_id),
        (),
    )
    assert [each["imported"] for each in stored(ledger)] == [True, True, True]


def test_an_import_closes_what_was_opened_before_ops_went_away(
    ledger: Ledger, record: Make, ended: dict[str, str]
) -> None:
    acquire(ledger, record(1))
    ledger.import_records([canonical(record(1, **ended).as_dict())], NOW)
    assert ledger.operations() == ()
    assert [(each["outcome"], each["imported"]) for each in stored(ledger)] == [("success", True)]


def test_an_import_that_contradicts_the_chain_is_told_and_stays_out(
    ledger: Ledger, record: Make, ended: dict[str, str]
) -> None:
    acquire(ledger, record(1))
    acquire(ledger, record(2), now=LATER, r20261125_033000_000001="silent")
    result = ledger.import_records([canonical(record(1, **ended).as_dict())], LATER)
    assert result.remarks == (
        "20261125-033000-000001 is here with the outcome interrupted; what the controller kept says success",
    )
    assert [each["run_id"] for each in stored(ledger, outcome="success")] == []


def test_an_import_tells_of_an_approval_that_was_used_twice_and_keeps_the_evidence(
    ledger: Ledger, record: Make, ended: dict[str, str]
) -> None:
    lines = [canonical(record(number, **ended, approval=APPROVAL).as_dict()) for number in (1, 2)]
    result = ledger.import_records(lines, NOW)
    assert result.remarks == ("20261125-033000-000002 used the approval that 20261125-033000-000001 had used",)
    with pytest.raises(LedgerError, match="was used by 20261125-033000-000001"):
        acquire(ledger, record(3, approval=APPROVAL))


def test_an_import_takes_every_good_line_and_tells_the_bad_ones(
    ledger: Ledger, plain_record: Any, record: Make, ended: dict[str, str]
) -> None:
    acquire(ledger, record(5))
    lines = [
        json.dumps(plain_record(1, **ended)),
        "{",
        json.dumps(plain_record(2)),
        json.dumps({"a": 1}),
        "[" * 99999,
        "",
    ]
    lines += [json.dumps(plain_record(5, **ended, actor="wang@controller2")), json.dumps(plain_record(3, **ended))]
    result = ledger.import_records(lines, NOW)
    assert result.imported == (record(1).run_id, record(3).run_id)
    told = {each.line: each.why for each in result.rejected}
    assert sorted(told) == [2, 3, 4, 5, 7]
    assert told[2] == told[5] == "is no JSON"
    assert told[3] == "20261125-033000-000002 has no outcome"
    assert told[4].startswith("The record is wrong")
    assert told[7] == "20261125-033000-000005 was opened with another actor"
    assert len(entries(ledger)) == 3


def test_a_dry_run_answers_and_writes_nothing(tmp_path: Path, ledger: Ledger, record: Make) -> None:
    acquire(ledger, record(1))
    with Ledger.opened(tmp_path, dry_run=True) as dry:
        assert isinstance(acquire(dry, record(2)), Busy)
        settled = acquire(dry, record(2), ending=True, r20261125_033000_000001="would be ended")
        assert isinstance(settled, Acquired)
        assert dry.renew(record(1).run_id, 600, NOW)
    assert entries(ledger) == [("open", record(1).run_id)]
    assert isinstance(acquire(ledger, record(3), now=LATER), Unsettled)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("hosts = 'nojson'", "The lease of 20261125-033000-000001 was altered: keep the file as it is"),
        ("expires_at = 'x'", "was altered"),
        ("expires_at = 1e300", "was altered"),
        ("expires_at = expires_at + 900000", "lasts longer than any that is given out, so it was invented"),
    ],
)
def test_a_lease_that_somebody_wrote_by_hand_is_named(ledger: Ledger, record: Make, change: str, says: str) -> None:
    acquire(ledger, record(1))
    with ledger.store.writing():
        ledger.store.execute(f"UPDATE lease SET {change}")  # noqa: S608 - a constant
    with pytest.raises(LedgerError, match=says) as caught:
        acquire(ledger, record(2))
    assert caught.value.code == "altered"
    with ledger.store.writing():
        ledger.leases.drop(record(1).run_id)
    assert isinstance(acquire(ledger, record(1)), Acquired), "the same call gives it its lease again"
