"""From an emergency to its approval: what lets the obligation be met is signed, is of that one run, and is used once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.traumalink.ops.plugins.plugin_utils import approval_maker as maker
from ansible_collections.traumalink.ops.plugins.plugin_utils.by_hand_evidence import evidence
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.emergency_approval import subject_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.obligation import answer

Act = Callable[..., dict[str, Any]]
ROOT = Path(__file__).resolve().parents[4]
EXAMPLE = ROOT / "inventories/example/group_vars/all/contract.yml"


@pytest.fixture
def terms(contract: dict[str, Any], keys: Callable[[str], Path]) -> dict[str, Any]:
    """Give a contract with one approver and the example's obligation after an emergency."""
    public = keys("li").with_suffix(".pub").read_text().strip()
    li_na = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
    duties = yaml.safe_load(EXAMPLE.read_text("utf-8"))["contract"]["obligations"]
    (duty,) = [duty for duty in duties if duty["id"] == "2.3b"]
    return {**contract, "contacts": [{**li_na, "signing_keys": [public]}], "obligations": [duty]}


@pytest.fixture
def run_id(act: Act, terms: dict[str, Any]) -> str:
    """Give the run id of an upgrade that an emergency let through."""
    given = {"contract": terms, "emergency_reason": "it hangs", "emergency_by": "li_na"}
    opened = act("opened", verb="upgrade", **given)
    act("closed", verb="upgrade", record=opened["record"], opened=True, outcome="success", **given)
    return str(opened["record"]["run_id"])


@pytest.fixture
def sign(tmp_path: Path, keys: Callable[[str], Path]) -> Callable[..., Path]:
    """Give a function that makes an approval after the emergency of a run id."""

    def make(run_id: str, key: str = "li", **changes: Any) -> Path:
        now = changes.pop("now", datetime.now(UTC))
        wanted = {
            "site": "lab", "verb": "upgrade", "subject": subject_of(run_id), "subject_name": run_id, "valid": (now, now + timedelta(days=30)),
            "approver": "li_na", "note": "", "now": now, **changes,
        }  # fmt: skip
        return maker.write(maker.new_approval(**wanted), tmp_path / "approvals", keys(key))

    return make


def recorded(act: Act, terms: dict[str, Any], document: Path) -> dict[str, Any]:
    """Bring an approval in as the playbook does: gate, look, open, close."""
    given = {"contract": terms, "approval": str(document)}
    judged = act("judged", verb="record", **given)
    if judged["refusal"]:
        raise AnsibleActionFail(judged["refusal"])
    found = evidence(given, datetime.now(UTC))
    opened = act("opened", verb="record", **given)
    hostvars = {"ops1": {"operation_by_hand": found}}
    ended = {"record": opened["record"], "opened": True, "outcome": "success", "hostvars": hostvars}
    result: dict[str, Any] = act("closed", verb="record", **ended, **given)["record"]
    return result


def state(site: Any, terms: dict[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what the records say of the obligation."""
    records = {entry["record"]["run_id"]: entry["record"] for entry in site.entries()}
    today = datetime.now(UTC).date()
    answers = answer(read_contract(terms), records.values(), today, today, datetime.now(UTC))
    return [(found.period, found.state, found.met_by) for found in answers]


def test_what_an_approver_has_signed_for_the_run_id_meets_the_obligation(
    act: Act, site: Any, terms: dict[str, Any], run_id: str, sign: Callable[..., Path]
) -> None:
    assert state(site, terms) == [(run_id, "due", ())]
    document = sign(run_id)
    record = recorded(act, terms, document)
    told = json.loads(document.read_bytes())
    assert (record["outcome"], record["reason"]) == ("success", "")
    assert (record["approval"]["id"], record["approval"]["approver"]) == (told["id"], "li_na")
    assert record["approval"]["key"].startswith("SHA256:")
    assert (record["by_hand"]["kind"], record["by_hand"]["entered_by"]) == ("approval", "li_na")
    assert record["by_hand"]["occurred_at"] == record["approval"]["made_at"] == told["made_at"]
    assert record["approval"]["document"] == document.read_text("utf-8")
    assert record["approval"]["signature"] == Path(f"{document}.sig").read_text("ascii")
    assert run_id in record["by_hand"]["summary_zh"]
    assert state(site, terms) == [(run_id, "met", (record["run_id"],))]


def test_it_is_used_once(act: Act, site: Any, terms: dict[str, Any], run_id: str, sign: Callable[..., Path]) -> None:
    document = sign(run_id)
    first = recorded(act, terms, document)
    with pytest.raises(AnsibleActionFail, match=f"was used by {first['run_id']}; ask li_na for a new one"):
        recorded(act, terms, document)


def test_a_line_that_somebody_writes_meets_nothing(act: Act, site: Any, terms: dict[str, Any], run_id: str) -> None:
    line = {
        "kind": "approval", "occurred_at": datetime.now(UTC).isoformat(), "entered_by": "li_na", "summary_zh": f"补批{run_id}", "summary_en": "",
    }  # fmt: skip
    opened = act("opened", verb="record", contract=terms)
    ended = {"record": opened["record"], "opened": True, "outcome": "success"}
    closed = act("closed", verb="record", contract=terms, hostvars={"ops1": {"operation_by_hand": line}}, **ended)
    assert (closed["record"]["outcome"], closed["record"]["by_hand"]) == ("failed", None)
    assert "have the hospital sign it with traumalink.ops.approve" in closed["record"]["reason"]
    assert state(site, terms) == [(run_id, "due", ())]


@pytest.mark.parametrize("way", ["import", "kept", "append"])
def test_a_record_that_somebody_writes_stays_out_of_the_ledger(
    act: Act, site: Any, terms: dict[str, Any], run_id: str, way: str
) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    approval = {
        "id": "f" * 16, "approver": "li_na", "subject": subject_of(run_id), "valid_from": now, "valid_to": now, "key": "SHA256:" + "k" * 43,
    }  # fmt: skip
    by_hand = {
        "kind": "approval", "occurred_at": now, "entered_by": "li_na", "summary_zh": run_id, "summary_en": ""
    }  # fmt: skip
    written = {
        "run_id": "20261125-033000-3f9a2c", "site": "lab", "verb": "record", "actor": "li.na@c1", "started_at": now, "ended_at": now,
        "outcome": "success", "approval": approval, "by_hand": by_hand,
    }  # fmt: skip
    said = ""
    if way == "kept":
        site.kept.parent.mkdir()
        site.kept.write_text(json.dumps(written) + "\n")
        act("opened", verb="inspect", contract=terms)
        said = " ".join(site.displayed)
    else:
        given = {"lines": json.dumps(written)} if way == "import" else {"record": written}
        answered = site.execute("traumalink.ops.ledger", {"state": f"{way}ed", **given}, None)
        said = str(answered.get("rejected")) + str(answered.get("msg"))
    assert "says that the hospital has approved an emergency, and was not opened here with its approval" in said
    assert written["run_id"] not in [entry["record"]["run_id"] for entry in site.entries()]
    assert state(site, terms) == [(run_id, "due", ())]


def test_a_playbook_of_one_s_own_cannot_say_when_an_approval_was_signed(
    act: Act, site: Any, terms: dict[str, Any], run_id: str, sign: Callable[..., Path]
) -> None:
    given = {"contract": terms, "approval": str(sign(run_id))}
    opened = act("opened", verb="record", **given)
    found = {**evidence(given, datetime.now(UTC)), "occurred_at": "2026-11-22T09:00:00+08:00"}
    ended = {"record": opened["record"], "opened": True, "outcome": "success"}
    closed = act("closed", verb="record", hostvars={"ops1": {"operation_by_hand": found}}, **ended, **given)
    assert (closed["record"]["outcome"], closed["record"]["by_hand"]) == ("failed", None)
    assert state(site, terms) == [(run_id, "due", ())]


@pytest.mark.parametrize(("ahead", "said"), [(3, ""), (90, "the clock where it was signed is ahead")])
def test_the_clock_where_it_was_signed_may_be_a_little_ahead(
    act: Act, terms: dict[str, Any], run_id: str, sign: Callable[..., Path], ahead: int, said: str
) -> None:
    document = sign(run_id, now=datetime.now(UTC) + timedelta(seconds=ahead))
    if said:
        with pytest.raises(AnsibleActionFail, match=rf"{said}.* Wait until then and run it again, or set the clock"):
            recorded(act, terms, document)
    else:
        assert recorded(act, terms, document)["outcome"] == "success"


def test_an_emergency_whose_record_this_controller_kept_comes_in_before_it_is_looked_up(
    act: Act, site: Any, terms: dict[str, Any], sign: Callable[..., Path]
) -> None:
    given = {"contract": terms, "emergency_reason": "it is gone", "emergency_by": "li_na"}
    site.away = True
    opened = act("opened", verb="restore", **given)
    ended = {"record": opened["record"], "opened": True, "away": True, "outcome": "success"}
    run_id = act("closed", verb="restore", **ended, **given)["record"]["run_id"]
    site.away = False
    document = sign(run_id, verb="restore")
    asked = {"contract": terms, "approval": str(document)}
    assert "does not have" in act("judged", verb="record", check=True, **asked)["refusal"], "check mode writes nothing"
    assert site.entries() == []
    assert recorded(act, terms, document)["outcome"] == "success"
    assert {entry["record"]["verb"] for entry in site.entries()} == {"restore", "record"}


def test_what_is_not_over_is_not_approved_afterwards(
    act: Act, site: Any, terms: dict[str, Any], sign: Callable[..., Path]
) -> None:
    given = {"contract": terms, "emergency_reason": "it hangs", "emergency_by": "li_na"}
    running = act("opened", verb="upgrade", **given)["record"]
    with pytest.raises(AnsibleActionFail, match="which is not over: it is still running, or was cut off"):
        recorded(act, terms, sign(running["run_id"]))
    act("closed", verb="upgrade", record=running, opened=True, outcome="failed", failure="x", **given)
    assert recorded(act, terms, sign(running["run_id"]))["outcome"] == "success"


def test_an_approval_of_one_emergency_is_none_of_another(
    act: Act, site: Any, terms: dict[str, Any], run_id: str, sign: Callable[..., Path]
) -> None:
    other = act("opened", verb="upgrade", contract=terms, emergency_reason="again", emergency_by="li_na")["record"]
    record = recorded(act, terms, sign(run_id))
    told = {found: (state, met_by) for found, state, met_by in state(site, terms)}
    assert told == {run_id: ("met", (record["run_id"],)), other["run_id"]: ("due", ())}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key": "zhang"}, "is not signed by one of the hospital's approvers"),
        ({"site": "elsewhere"}, "is for the site elsewhere, not for lab"),
        ({"verb": "restore"}, "is of restore .*, which the ledger of lab does not have. Compare verb and run id"),
        ({"now": datetime(2026, 1, 1, tzinfo=UTC)}, "expired at 2026-01-31T00:00:00Z"),
        (
            {"subject": "a1" * 32, "subject_name": "trauma-1.1.0"},
            "is for upgrade, and names no emergency that has been",
        ),
    ],
)
def test_one_that_does_not_count_is_refused_and_leaves_no_evidence(
    act: Act,
    site: Any,
    terms: dict[str, Any],
    run_id: str,
    sign: Callable[..., Path],
    changes: dict[str, Any],
    said: str,
) -> None:
    before = len(site.entries())
    with pytest.raises(AnsibleActionFail, match=rf"record of lab is refused: .*{said}"):
        recorded(act, terms, sign(run_id, **changes))
    assert len(site.entries()) == before
    assert state(site, terms) == [(run_id, "due", ())]


def test_one_made_before_the_emergency_began_is_refused(
    act: Act, terms: dict[str, Any], run_id: str, sign: Callable[..., Path]
) -> None:
    with pytest.raises(AnsibleActionFail, match=r"before that began at .* See to the clock where it was made"):
        recorded(act, terms, sign(run_id, now=datetime.now(UTC) - timedelta(hours=1)))


def test_what_no_emergency_let_through_needs_no_approval_afterwards(
    act: Act, terms: dict[str, Any], sign: Callable[..., Path]
) -> None:
    ordinary = act("opened", verb="inspect", contract=terms)["record"]["run_id"]
    with pytest.raises(AnsibleActionFail, match="which no emergency let through"):
        recorded(act, terms, sign(ordinary, verb="inspect"))


def test_an_emergency_lets_no_approval_in_that_does_not_count(act: Act, terms: dict[str, Any], tmp_path: Path) -> None:
    given = {"approval": str(tmp_path / "none.json"), "emergency_reason": "it hangs", "emergency_by": "li_na"}
    assert "none.json cannot be read" in act("judged", verb="record", contract=terms, **given)["refusal"]


def test_where_the_contract_wants_an_approval_for_a_record_its_own_still_lets_it_run(
    act: Act, terms: dict[str, Any], sign: Callable[..., Path]
) -> None:
    strict = {**terms, "policies": {"record": {"approval": "required"}}}
    assert "needs the hospital's approval" in act("judged", verb="record", contract=strict)["refusal"]
    own = str(sign("20261125-033000-3f9a2c", verb="record", subject="", subject_name=""))
    assert act("judged", verb="record", contract=strict, approval=own)["refusal"] == ""
    visit = {
        "kind": "visit", "occurred_at": "2026-01-01T10:00:00+08:00", "entered_by": "wang_wei", "summary_zh": "现场巡检", "summary_en": "",
    }  # fmt: skip
    assert evidence({**visit, "approval": own, "contract": strict}, datetime.now(UTC)) == visit


def test_an_approval_of_an_emergency_lets_no_other_verb_run(
    act: Act, terms: dict[str, Any], run_id: str, sign: Callable[..., Path]
) -> None:
    given = {"contract": terms, "approval": str(sign(run_id)), "subject": "a1" * 32}
    assert "not for the release or plan with SHA-256 a1a1" in act("judged", verb="upgrade", **given)["refusal"]


def test_with_an_approval_nothing_else_is_entered(
    terms: dict[str, Any], run_id: str, sign: Callable[..., Path]
) -> None:
    given = {"approval": str(sign(run_id)), "contract": terms, "kind": "visit", "summary_zh": "现场巡检"}
    with pytest.raises(Exception, match=r"leave record_kind, record_summary_zh out\. Nothing was recorded"):
        evidence(given, datetime.now(UTC))
