"""The action `operation` from the gate to the closed record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible_collections.traumalink.ops.plugins.action import operation
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger

Act = Callable[..., dict[str, Any]]


def seen(operations: list[dict[str, Any]], **work: Any) -> list[dict[str, Any]]:
    """Return what hosts answer that have nothing running, or ended it."""
    told = {"state": "absent", "title": "full backup", "seconds": 7.0, **work}
    return [{"item": [one, host], "seen": True, "work": told} for one in operations for host in one["hosts"]]


def unseen(operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the action says of hosts that cannot be reached."""
    return [{"item": [one, host], "seen": False, "work": {}} for one in operations for host in one["hosts"]]


def test_an_operation_is_opened_and_closed_with_its_figures(act: Act, site: Any) -> None:
    assert act("judged")["refusal"] == ""
    assert site.entries() == []
    opened = act("opened")
    assert opened["opened"]
    closed = act(
        "closed",
        record=opened["record"],
        opened=True,
        outcome="success",
        hostvars={"db1": {"operation_figures": {"seconds": 3}}},
    )
    assert [entry["kind"] for entry in site.entries()] == ["open", "close"]
    record = site.entries()[-1]["record"]
    assert (record["outcome"], record["figures"], record["run_id"]) == (
        "success",
        {"seconds": 3},
        opened["record"]["run_id"],
    )
    assert closed["head"]["sequence"] == 2
    assert (closed["notices"], closed["head_notices"]) == ([], [])


def test_what_the_gate_was_told_a_moment_ago_is_not_asked_again_and_after_a_wait_it_is(
    act: Act, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    usual = site.execute

    def execute(
        module_name: str, module_args: dict[str, Any], task_vars: object, check: bool = False
    ) -> dict[str, Any]:
        asked.append(module_args.get("state", module_args.get("gather", "")))
        if asked == ["opened", "durations", "opened"]:  # the one that was waited for has ended
            act("closed", verb="backup", record=holder, opened=True, outcome="success")
        return dict(usual(module_name, module_args, task_vars, check))

    told = act("judged")["earlier_seconds"]
    assert told == []
    holder = act("opened", verb="backup")["record"]
    monkeypatch.setattr(site, "execute", execute)
    assert act("opened", earlier_seconds=told, lock_wait="1h")["waited_seconds"] > 0
    assert asked[:4] == ["opened", "durations", "opened", "closed"]


def test_the_hospital_is_sent_the_new_head_where_the_inventory_names_who(act: Act, site: Any) -> None:
    opened = act("opened")
    given = {"head_mail_to": ["it@hospital.example.org"], "mail_to": ["duty@vendor.example.org"]}
    (told,) = act("closed", record=opened["record"], opened=True, outcome="success", **given)["head_notices"]
    assert (told["mail_to"], told["webhook"]) == (["it@hospital.example.org"], None)
    assert site.entries()[-1]["record"]["run_id"] == opened["record"]["run_id"]


def test_check_mode_writes_nothing(act: Act, site: Any) -> None:
    opened = act("opened", check=True)
    assert opened["opened"]
    act("closed", check=True, record=opened["record"], opened=True, outcome="success")
    assert site.entries() == []


def test_check_mode_says_who_holds_the_site(act: Act, site: Any) -> None:
    held = act("opened", verb="backup")["record"]["run_id"]
    with pytest.raises(AnsibleActionFail, match=f"site of lab is refused: backup {held} of .* is at work"):
        act("opened", check=True)
    assert act("opened", verb="backup", check=True)["opened"]
    assert act("opened", verb="restore", check=True)["opened"]
    told = [line for line in site.displayed if "would first" in line]
    assert [line.split(" of root")[0].split(f" {held}")[0] for line in told] == [
        "backup of lab would first wait for backup", "restore of lab would first end backup",
    ]  # fmt: skip
    with Ledger.opened(site.folder) as ledger, ledger.store.writing():
        ledger.store.execute("UPDATE lease SET expires_at = 0")
    assert act("opened", check=True)["opened"]
    assert f"site of lab would first settle what is left of backup {held}" in site.displayed[-1]
    assert len(site.entries()) == 1


def test_a_refused_run_has_a_record_without_an_opening(act: Act, site: Any) -> None:
    judged = act("judged", verb="upgrade")
    assert "upgrade needs the hospital's approval" in judged["refusal"]
    failed = {"db1": {"ansible_failed_result": {"msg": judged["refusal"]}}}
    closed = act("closed", verb="upgrade", record=judged["record"], outcome="refused", hostvars=failed, webhook=True)
    (entry,) = site.entries()
    assert (entry["kind"], entry["record"]["outcome"]) == ("single", "refused")
    assert judged["refusal"] in entry["record"]["reason"]
    assert len(closed["notices"]) == 1


def test_a_run_whose_variables_were_forced_is_refused_whatever_outcome_is_forced_too(
    act: Act, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "given_as_extra", lambda _action: {"operation_verb", "__operation_outcome"})
    forced = "__operation_outcome, operation_verb: only the playbook decides that"
    for state in ("judged", "opened", "explained"):
        with pytest.raises(AnsibleActionFail, match=forced):
            act(state, verb="inspect")
    failed = {"db1": {"ansible_failed_result": {"msg": forced}}}
    with pytest.raises(AnsibleActionFail, match=forced):
        act("closed", verb="inspect", outcome="success", opened=True, record={"run_id": "x"}, hostvars=failed)
    (entry,) = site.entries()
    assert (entry["kind"], entry["record"]["outcome"]) == ("single", "refused")
    assert forced in entry["record"]["reason"]


def test_a_holder_that_renews_is_not_disturbed(act: Act, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = act("opened")
    asked = site.execute

    def renewing(module_name: str, module_args: dict[str, Any], task_vars: object) -> dict[str, Any]:
        answer = asked(module_name, module_args, task_vars)
        for lease in answer.get("operations") or []:
            site.lease_until.append(lease)
            lease["renewed_at"] = f"renewal {len(site.lease_until)}"
        return answer

    monkeypatch.setattr(site, "execute", renewing)
    with pytest.raises(
        AnsibleActionFail, match=f"site of lab is refused: site {first['record']['run_id']} of .* is at work"
    ):
        act("opened")
    with pytest.raises(AnsibleActionFail, match="backup of lab is refused after waiting 6 s"):
        act("opened", verb="backup", lock_wait="5s")
    assert [entry["kind"] for entry in site.entries()] == ["open"]


def test_a_restore_asks_for_the_end_of_a_backup_and_takes_its_place(act: Act, site: Any) -> None:
    backup = act("opened", verb="backup")
    answer = act("opened", verb="restore")
    assert not answer["opened"]
    assert [(entry["run_id"], entry["end"]) for entry in answer["unsettled"]] == [(backup["record"]["run_id"], True)]
    settling = answer["unsettled"]
    assert act("opened", verb="restore", settling=settling, answers=seen(settling, state="killed", how="was ended"))[
        "opened"
    ]
    ended = site.entries()[1]["record"]
    assert ended["outcome"] == "interrupted"
    assert ended["reason"].startswith("ended by a restore: full backup on db1 was ended after 7 s")


def test_an_operation_that_was_cut_off_is_settled_first(act: Act, site: Any) -> None:
    lost = act("opened", lease_seconds=5)
    with Ledger.opened(site.folder) as ledger, ledger.store.writing():
        ledger.store.execute("UPDATE lease SET expires_at = 0")
    answer = act("opened", verb="backup")
    assert [(entry["run_id"], entry["end"]) for entry in answer["unsettled"]] == [(lost["record"]["run_id"], False)]
    (site.folder / "site_recover.yml").touch()
    settling = answer["unsettled"]
    with pytest.raises(AnsibleActionFail, match="backup of lab is refused: db1, ops1 cannot be reached"):
        act("opened", verb="backup", settling=settling, answers=unseen(settling))
    opened = act(
        "opened",
        verb="backup",
        settling=settling,
        answers=seen(settling),
        recovery_folder=str(site.folder),
        webhook=True,
    )
    assert opened["opened"]
    assert opened["recoveries"] == [str(site.folder / "site_recover.yml")]
    (told,) = opened["notices"]
    assert lost["record"]["run_id"] in told["text"]
    assert "interrupted" in told["subject"]


def test_why_it_failed_is_kept_before_anything_is_undone(act: Act, site: Any) -> None:
    opened = act("opened")
    hostvars = {
        "db1": {"ansible_failed_result": {"msg": "the disk is full", "code": 39}, "__operation_outcome": "failed"}, "ops1": {},
    }  # fmt: skip
    why = act("explained", hostvars=hostvars)
    assert (why["reason"], why["unreached"]) == ("db1: the disk is full; ops1: cannot be reached", ["ops1"])
    assert why["codes"] == ["39"]
    later = {"db1": {"ansible_failed_result": {"msg": "no way back"}, "__operation_outcome": "failed"}}
    act(
        "closed", record=opened["record"], opened=True, outcome="failed", hostvars=later, failure=why["reason"],
        undo_failure="db1: no way back",
    )  # fmt: skip
    assert site.entries()[-1]["record"]["reason"] == (
        "db1: the disk is full; ops1: cannot be reached; it could not be undone: db1: no way back"
    )


def test_what_was_undone_says_so(act: Act, site: Any) -> None:
    opened = act("opened")
    closed = act(
        "closed", record=opened["record"], opened=True, outcome="rolled_back", failure="db1: the disk is full", webhook=True
    )  # fmt: skip
    record = site.entries()[-1]["record"]
    assert (record["outcome"], record["reason"]) == ("rolled_back", "db1: the disk is full")
    assert len(closed["notices"]) == 1


def test_without_ops_a_restore_keeps_its_record_and_the_next_operation_brings_it_in(act: Act, site: Any) -> None:
    site.away = True
    assert "ops1 cannot be reached (no route to host)" in act("judged")["refusal"]
    opened = act("opened", verb="restore")
    assert opened["away"]
    closed = act("closed", verb="restore", record=opened["record"], opened=True, away=True, outcome="success")
    assert closed["head"] is None
    assert len(site.kept.read_text().splitlines()) == 1
    assert any("is kept on this controller" in line for line in site.displayed)
    site.away = False
    assert act("opened")["opened"]
    assert [(entry["kind"], entry["record"]["verb"]) for entry in site.entries()] == [
        ("single", "restore"),
        ("open", "site"),
    ]
    assert site.kept.read_text() == ""


def test_only_a_deployment_goes_on_without_a_ledger(act: Act, site: Any) -> None:
    for file in site.folder.glob("ledger.sqlite*"):
        file.unlink()
    assert act("judged", creates_ledger=True)["refusal"] == ""
    with pytest.raises(AnsibleActionFail, match="There is no ledger at"):
        act("judged", verb="backup")
    act("closed", outcome="refused")
    assert len(site.kept.read_text().splitlines()) == 1


def test_a_record_that_the_ledger_refuses_for_its_artefacts_is_written_without_them(act: Act, site: Any) -> None:
    opened = act("opened")
    odd = {"db1": {"operation_artefacts": [{"name": "report"}], "operation_figures": {"seconds": 3}}}
    act("closed", record=opened["record"], opened=True, outcome="success", hostvars=odd)
    record = site.entries()[-1]["record"]
    assert (record["outcome"], record["artefacts"], record["figures"]) == ("success", [], {})
    assert any("written without figures, versions and artefacts" in line for line in site.displayed)


def test_a_key_that_cannot_sign_costs_the_countersignature_alone(act: Act, site: Any) -> None:
    opened = act("opened", countersign_key="no key")
    assert opened["head"]["signature"] == ""
    assert any("is not countersigned" in line for line in site.displayed)


def test_a_contract_that_is_wrong_is_told_whole(act: Act, site: Any, contract: dict[str, Any]) -> None:
    with pytest.raises(
        AnsibleActionFail, match=r'contract\.windows\[0\]\.duration: "7 hours" is no duration, write 7h'
    ):
        act("judged", contract={**contract, "windows": [{**contract["windows"][0], "duration": "7 hours"}]})
    assert site.entries() == []


def test_a_ledger_that_cannot_be_written_costs_neither_record_nor_notice(
    act: Act, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = act("opened")
    monkeypatch.setattr(site, "execute", lambda **_given: {"failed": True, "msg": "The disk of the ledger is full."})
    closed = act("closed", record=opened["record"], opened=True, outcome="failed", webhook=True)
    assert closed["problem"].startswith("The disk of the ledger is full. So the record is kept on this controller in")
    assert len(site.kept.read_text().splitlines()) == 1
    assert len(closed["notices"]) == 1


def test_a_lease_of_an_odd_length_is_refused(act: Act, site: Any) -> None:
    for seconds in (0, 1, 10**12):
        with pytest.raises(AnsibleActionFail, match="must be 5 to 120; 60 serves"):
            act("opened", lease_seconds=seconds)
    assert site.entries() == []


def test_only_a_restore_goes_on_where_ops_went_away_after_the_gate(
    act: Act, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = site.execute

    def away_at_opening(module_name: str, module_args: dict[str, Any], task_vars: object) -> dict[str, Any]:
        if module_args.get("state") == "opened":
            raise AnsibleConnectionFailure("no route to host")
        return asked(module_name, module_args, task_vars)

    monkeypatch.setattr(site, "execute", away_at_opening)
    with pytest.raises(AnsibleActionFail, match=r"ops1 cannot be reached \(no route to host\)"):
        act("opened")
    assert act("opened", verb="restore")["away"]


def test_work_that_was_lost_sight_of_keeps_the_record_open(act: Act, site: Any) -> None:
    opened = act("opened")
    keeper = site.folder / "keeper" / "lease.json"
    keeper.parent.mkdir()
    keeper.touch()
    (keeper.parent / "left-db1").touch()
    ended = {"record": opened["record"], "opened": True, "outcome": "failed"}
    closed = act("closed", keeper_file=str(keeper), webhook=True, **ended)
    assert closed["problem"].startswith("Work may still be going on on db1, so the record stays open")
    assert len(closed["notices"]) == 1
    assert [entry["kind"] for entry in site.entries()] == ["open"]
    assert not keeper.parent.exists()


def test_one_that_slept_while_another_took_over_undoes_nothing(act: Act, site: Any) -> None:
    opened = act("opened")
    given = {"record": opened["record"], "keeper_file": str(site.folder / "keeper" / "lease.json")}
    assert act("explained", **given)["ours"]
    with Ledger.opened(site.folder) as ledger, ledger.store.writing():
        ledger.leases.drop(opened["record"]["run_id"])
    assert not act("explained", **given)["ours"]
    site.away = True
    assert not act("explained", **given)["ours"], "nobody can tell, and the keeper says nothing"
    assert act("explained", verb="restore", **given)["ours"]


def test_a_witness_that_is_the_ops_host_itself_is_warned_of(act: Act, site: Any) -> None:
    act("judged", witness_host="ops1")
    assert any("operation_witness_host is ops1 itself" in line for line in site.displayed)
    site.displayed.clear()
    act("judged", witness_host="edge1")
    assert not any("operation_witness_host" in line for line in site.displayed)
