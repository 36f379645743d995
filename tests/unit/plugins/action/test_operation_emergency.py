"""The action `operation` in an emergency: the hospital is told, and where it is not, that is said and nothing is stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Act = Callable[..., dict[str, Any]]


def test_the_hospital_is_told_when_an_emergency_opens_not_only_when_it_is_over(
    act: Act, site: Any, contract: dict[str, Any]
) -> None:
    wang = {
        "id": "wang",
        "name": {"zh": "王", "en": "Wang"},
        "side": "hospital",
        "roles": ["approver"],
        "mail": "wang@hospital.example.org",
    }
    given = {"contract": {**contract, "contacts": [wang]}, "emergency_reason": "it hangs", "emergency_by": "wang"}
    opened = act("opened", verb="upgrade", **given)
    (told,) = opened["notices"]
    assert "it hangs" in told["text"]
    assert told["mail_to"] == ["wang@hospital.example.org"], "no inventory has to name anybody"
    assert act("opened", verb="inspect")["notices"] == []
    ended = {"record": opened["record"], "opened": True, "outcome": "success"}
    closed = act("closed", verb="upgrade", **ended, **given)
    assert [(each["event"], each["mail_to"]) for each in closed["notices"]] == [
        ("emergency_ended", ["wang@hospital.example.org"])
    ]
    assert site.entries()[-1]["record"]["figures"] == {}
    assert "may not know" not in closed["message"]


def test_an_emergency_that_reaches_nobody_goes_on_and_says_so_everywhere(
    act: Act, site: Any, contract: dict[str, Any]
) -> None:
    wang = {"id": "wang", "name": {"zh": "王", "en": "Wang"}, "side": "hospital", "roles": ["approver"]}
    given = {"contract": {**contract, "contacts": [wang]}, "emergency_reason": "it hangs", "emergency_by": "wang"}
    opened = act("opened", verb="upgrade", **given)
    assert (opened["opened"], opened["notices"]) == (True, [])
    assert any("goes on as an emergency, and nobody was told: operation_mail_to" in line for line in site.displayed)
    assert "nobody was told" in site.entries()[0]["record"]["figures"]["emergency_undelivered"], (
        "also once it is cut off"
    )
    hostvars = {"db1": {"operation_figures": {"seconds": 3}}}
    ended = {"record": opened["record"], "opened": True, "outcome": "success", "hostvars": hostvars}
    closed = act("closed", verb="upgrade", **ended, **given)
    assert set(site.entries()[-1]["record"]["figures"]) == {"seconds", "emergency_undelivered"}
    assert "The hospital may not know of this emergency, so call it: nobody was told" in closed["message"]
    assert closed["problem"] == "", "which fails nothing"


def test_a_mail_of_an_emergency_that_was_not_sent_stands_in_its_record(
    act: Act, site: Any, contract: dict[str, Any]
) -> None:
    wang = {"id": "wang", "name": {"zh": "王", "en": "Wang"}, "side": "hospital", "roles": ["approver"]}
    given = {"contract": {**contract, "contacts": [wang]}, "emergency_reason": "it hangs", "emergency_by": "wang"}
    given["mail_to"] = ["duty@hospital.example.org"]
    opened = act("opened", verb="upgrade", **given)
    others_alone = "only operation_mail_to or operation_webhook_url was told, which may not be the hospital's"
    assert any(f"goes on as an emergency, and {others_alone}" in line for line in site.displayed)
    assert others_alone in opened["record"]["figures"]["emergency_undelivered"]
    unsent = [{"event": "emergency", "what": "The mail was not sent: connection refused."}]
    ended = {"record": opened["record"], "opened": True, "outcome": "success", "undelivered": unsent}
    closed = act("closed", verb="upgrade", **ended, **given)
    record = site.entries()[-1]["record"]
    said = record["figures"]["emergency_undelivered"]
    assert said.startswith(f"The mail was not sent: connection refused. {others_alone}")
    assert record["outcome"] == "success"
    assert f"so call it: {said}" in closed["message"]


def test_an_emergency_that_is_cut_off_is_told_as_over_by_whoever_settles_it(
    act: Act, site: Any, contract: dict[str, Any]
) -> None:
    wang = {
        "id": "wang", "name": {"zh": "王", "en": "Wang"}, "side": "hospital", "roles": ["approver"], "mail": "wang@hospital.example.org",
    }  # fmt: skip
    contract = {**contract, "contacts": [wang]}
    lost = act("opened", verb="upgrade", contract=contract, emergency_reason="it hangs", emergency_by="wang")["record"]
    entry = {"run_id": lost["run_id"], "verb": "upgrade", "actor": lost["actor"], "hosts": [], "end": True}
    opened = act("opened", verb="restore", contract=contract, settling=[entry])
    told = [each for each in opened["notices"] if each["event"] == "emergency_ended"]
    assert [each["mail_to"] for each in told] == [["wang@hospital.example.org"]]
    assert f"approve_verb=upgrade approve_run_id={lost['run_id']}" in told[0]["text"]
