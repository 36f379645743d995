"""The action `operation` where the ledger is altered, full, gone or away, and what it keeps on the controller."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger

Act = Callable[..., dict[str, Any]]

FULL = {"msg": "The disk of the ledger is full; free space there.", "code": "full"}
ALTERED = [{"sequence": 9, "hash": "a" * 64, "at": "2026-11-25T03:30:00Z", "signature": ""}]


def test_an_altered_ledger_gets_nothing_and_the_refusal_comes_in_when_it_is_right_again(act: Act, site: Any) -> None:
    done = act("opened")
    act("closed", record=done["record"], opened=True, outcome="success")
    judged = act("judged", verb="backup", witnessed=ALTERED)
    with pytest.raises(
        AnsibleActionFail, match="backup of lab is refused: The ledger of lab is shorter than it was"
    ) as told:
        act("opened", verb="backup", witnessed=ALTERED)
    for words in ("traumalink.ops.ledger", "-e ledger_new=lab", "Nothing was changed"):
        assert words in str(told.value)
    failed = {"db1": {"ansible_failed_result": {"msg": str(told.value)}}}
    refused = {"verb": "backup", "record": judged["record"], "outcome": "refused", "hostvars": failed}
    closed = act("closed", witnessed=ALTERED, **refused)
    assert (closed["head"], closed["problem"]) == (None, "")
    assert [entry["kind"] for entry in site.entries()] == ["open", "close"]
    (line,) = site.kept.read_text().splitlines()
    assert json.loads(line)["outcome"] == "refused"
    act("opened", verb="drill")
    records = [entry["record"] for entry in site.entries()]
    assert [(each["verb"], each["outcome"], each["imported"]) for each in records[2:]] == [
        ("backup", "refused", True),
        ("drill", None, False),
    ]


@pytest.mark.parametrize("code", ["full", "altered", "damaged", "unusable", "no_ledger", "no_user", "lost"])
def test_a_ledger_that_takes_nothing_in_stops_everything_but_a_restore(act: Act, site: Any, code: str) -> None:
    site.failing = {"opened": {**FULL, "code": code}}
    with pytest.raises(
        AnsibleActionFail, match=r"backup of lab is refused: The disk of the ledger is full.* Nothing was changed"
    ):
        act("opened", verb="backup")
    opened = act("opened", verb="restore")
    assert (opened["opened"], opened["away"], opened["keeper_file"]) == (True, True, "")
    assert any(
        "the restore goes on without the ledger, and its record stays on this controller" in line
        for line in site.displayed
    )
    closed = act("closed", verb="restore", record=opened["record"], opened=True, away=True, outcome="success")
    assert (closed["head"], closed["problem"]) == (None, "")
    assert json.loads(site.kept.read_text())["verb"] == "restore"
    assert site.entries() == []


def test_a_restore_is_not_stopped_by_a_ledger_that_cannot_even_be_read(act: Act, site: Any) -> None:
    site.failing = {state: {**FULL, "code": "damaged"} for state in ("durations", "operations", "opened")}
    with pytest.raises(AnsibleActionFail, match="backup of lab is refused: The disk of the ledger is full"):
        act("judged", verb="backup")
    assert act("judged", verb="restore")["refusal"] == ""
    assert act("opened", verb="restore")["away"]


def test_a_refusal_of_one_call_stops_a_restore_too(act: Act, site: Any) -> None:
    site.failing = {"opened": {"msg": "The approval k3f was used by another", "code": ""}}
    with pytest.raises(AnsibleActionFail, match="The approval k3f was used by another"):
        act("opened", verb="restore")


def test_a_restore_beside_a_full_ledger_still_ends_a_backup_and_disturbs_no_upgrade(act: Act, site: Any) -> None:
    backup = act("opened", verb="backup")["record"]["run_id"]
    site.failing = {"opened": FULL}
    answer = act("opened", verb="restore")
    assert [(entry["run_id"], entry["end"]) for entry in answer["unsettled"]] == [(backup, True)]
    settling = answer["unsettled"]
    answers = [{"item": [settling[0], host], "seen": True, "work": {}} for host in settling[0]["hosts"]]
    assert act("opened", verb="restore", settling=settling, answers=answers)["away"]
    with Ledger.opened(site.folder) as ledger, ledger.store.writing():
        ledger.store.execute("UPDATE lease SET verb = 'upgrade'")
    with pytest.raises(AnsibleActionFail, match=f"restore of lab is refused: upgrade {backup} of .* is at work"):
        act("opened", verb="restore")
    with Ledger.opened(site.folder) as ledger, ledger.store.writing():
        ledger.store.execute("UPDATE lease SET expires_at = expires_at + 1e6")
    assert act("opened", verb="restore")["away"], "no lease lasts that long, so this one was invented"


def test_a_deployment_may_make_what_cannot_be_read(act: Act, site: Any) -> None:
    site.failing = {"durations": {**FULL, "code": "damaged"}}
    assert act("judged", creates_ledger=True)["refusal"] == ""


def test_a_witness_that_was_not_asked_is_told_and_refuses_nothing(act: Act, site: Any) -> None:
    judged = act("judged", verb="backup", witness_host="edge1", witness_problem="no route to host")
    assert judged["refusal"] == ""
    assert "the ledger is not compared with what edge1 has seen of it: no route to host" in site.displayed


def test_a_kept_line_that_is_no_record_keeps_no_other_out_and_is_not_lost(act: Act, site: Any) -> None:
    site.away = True
    opened = act("opened", verb="restore")
    act("closed", verb="restore", record=opened["record"], opened=True, away=True, outcome="success")
    site.away = False
    with site.kept.open("ab") as stream:
        stream.write(b'{"run_id": 7}\n\xff\xfe\n')
    assert act("opened")["opened"]
    assert [entry["record"]["verb"] for entry in site.entries()] == ["restore", "site"]
    assert site.kept.read_bytes() == b""
    rejected = site.kept.with_suffix(".rejected.jsonl")
    assert rejected.read_bytes() == b'{"run_id": 7}\n\xff\xfe\n'
    (told,) = [line for line in site.displayed if "are no records" in line]
    assert str(rejected) in told
    assert "line 3 is no JSON" in told


def test_a_ledger_that_came_back_empty_is_refused_by_the_head_that_this_controller_kept(act: Act, site: Any) -> None:
    """Also where the witness has seen nothing, since who is root there took it away."""
    kept = site.folder / "controller" / "head.json"
    opened = act("opened", controller_head=str(kept))
    closed = act("closed", controller_head=str(kept), record=opened["record"], opened=True, outcome="success")
    assert json.loads(kept.read_text())["sequence"] == closed["head"]["sequence"] == 2
    for file in site.folder.glob("ledger.sqlite*"):
        file.unlink()
    with Ledger.opened(site.folder, create=True):
        pass
    with pytest.raises(
        AnsibleActionFail, match=r"shorter than it was: this controller \(.*head\.json\) has seen entry 2"
    ):
        act("opened", verb="backup", controller_head=str(kept))
    assert site.entries() == []
    assert act("opened", verb="backup", controller_head="")["opened"]


def test_a_damaged_head_on_the_controller_stops_everything_but_a_restore(act: Act, site: Any) -> None:
    kept = site.folder / "head.json"
    kept.write_text("{", encoding="utf-8")
    with pytest.raises(
        AnsibleActionFail, match=r"backup of lab is refused: .*head\.json.* is damaged.*Nothing was changed"
    ):
        act("judged", verb="backup", controller_head=str(kept))
    assert act("judged", verb="restore", controller_head=str(kept))["refusal"] == ""
    opened = act("opened", verb="restore", controller_head=str(kept))
    assert opened["opened"]
    assert kept.read_text(encoding="utf-8") == "{"
    assert any("is not kept on this controller" in str(line) for line in site.displayed)
