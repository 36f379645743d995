"""The Ansible module `ledger`: each state through its arguments, in check mode too."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_chain import Head, sign_head
from ansible_collections.traumalink.ops.plugins.modules import ledger, ledger_info

Run = Callable[..., dict[str, Any]]
Plain = Callable[..., dict[str, Any]]
ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def call(run_module: Run, tmp_path: Path) -> Run:
    """Give the module on a ledger of the test's own; `check` is the first argument by position."""

    def run(state: str, check: bool = False, /, **arguments: Any) -> dict[str, Any]:
        return run_module(ledger.main, check, state=state, directory=str(tmp_path), user=ME, **arguments)

    return run


@pytest.fixture
def ask(run_module: Run, tmp_path: Path) -> Run:
    """Give the module `ledger_info` on the same ledger."""
    return lambda **arguments: run_module(ledger_info.main, directory=str(tmp_path), user=ME, **arguments)


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give what the module warns of."""
    words: list[str] = []
    monkeypatch.setattr(ledger.AnsibleModule, "warn", lambda _self, warning: words.append(warning))
    return words


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Set the module's clock forward."""
    monkeypatch.setattr(ledger, "now", lambda: datetime.now(UTC) + timedelta(seconds=seconds))


def test_creates_the_ledger_once(call: Run, tmp_path: Path) -> None:
    assert call("present", True, site="lab")["changed"]
    assert list(tmp_path.iterdir()) == []
    assert call("present", site="lab")["changed"]
    assert not call("present", site="lab")["changed"]
    assert (tmp_path / "ledger.sqlite").is_file()


def test_every_other_state_refuses_to_create_it(call: Run, plain_record: Plain) -> None:
    assert "There is no ledger at " in call("opened", record=plain_record())["msg"]
    assert "There is no ledger at " in call("verified")["msg"]


def test_an_operation_from_open_to_close(call: Run, ask: Run, plain_record: Plain, ended: dict[str, str]) -> None:
    call("present", site="lab")
    opened = call("opened", record=plain_record(), mode="exclusive")
    assert (opened["answer"], opened["changed"], opened["head"]["sequence"]) == ("acquired", True, 1)
    assert opened["message"] == "The operation is open, entry 1 of the ledger."
    assert not call("opened", record=plain_record())["changed"]
    run_id = plain_record()["run_id"]
    renewed = call("renewed", run_id=run_id, lease_seconds=90)
    assert (renewed["renewed"], renewed["changed"]) == (True, False)
    (open_now,) = ask(gather="operations")["operations"]
    assert (open_now["run_id"], open_now["mode"]) == (run_id, "exclusive")
    closing = plain_record(**ended, figures={"backup_bytes": 12, "rpo_seconds": 0.5})
    assert (first := call("closed", record=closing))["changed"]
    again = call("closed", record=closing)
    assert (again["changed"], again["head"]) == (False, first["head"])
    assert not call("renewed", run_id=run_id)["renewed"]
    (found,) = ask(verb="backup", month="2026-11", query="outcome=='success'")["records"]
    assert found["figures"] == {"backup_bytes": 12, "rpo_seconds": 0.5}
    assert ask(gather="durations", verb="backup")["seconds"] == [720.0]
    assert call("verified", heads=[{"sequence": 2, "hash": first["head"]["hash"]}])["kept_to"] == 2


def test_busy_and_unsettled_are_answers_and_no_failures(
    call: Run, plain_record: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("present", site="lab")
    call("opened", record=plain_record(1))
    busy = call("opened", record=plain_record(2))
    assert (busy["answer"], busy["changed"], busy["head"]) == ("busy", False, None)
    assert busy["message"].startswith("The site is held by backup 20261125-033000-000001 of li.na@controller1")
    assert [each["run_id"] for each in busy["operations"]] == [plain_record(1)["run_id"]]
    later(monkeypatch, 91)
    unsettled = call("opened", record=plain_record(2))
    assert (unsettled["answer"], unsettled["operations"][0]["hosts"]) == ("unsettled", ["db1", "ops1"])
    settled = {plain_record(1)["run_id"]: "its unit was ended"}
    opened = call("opened", record=plain_record(2), settled=settled)
    assert (opened["answer"], opened["settled"]) == ("acquired", list(settled))


def test_check_mode_gives_the_answer_and_writes_nothing(
    call: Run, ask: Run, plain_record: Plain, ended: dict[str, str]
) -> None:
    assert call("opened", True, record=plain_record())["answer"] == "acquired"
    call("present", site="lab")
    call("opened", record=plain_record(1))
    assert call("opened", True, record=plain_record(2))["answer"] == "busy"
    assert (
        call(
            "opened",
            True,
            record=plain_record(2),
            settled={plain_record(1)["run_id"]: "x"},
            ending=[plain_record(1)["run_id"]],
        )["answer"]
        == "acquired"
    )
    assert call("closed", True, record=plain_record(1, **ended))["head"]["sequence"] == 2
    assert call("appended", True, record=plain_record(3, **ended))["changed"]
    assert call("imported", True, lines=json.dumps(plain_record(4, **ended)))["imported"] == [plain_record(4)["run_id"]]
    assert [each["outcome"] for each in ask()["records"]] == [None]
    assert ask(outcome="open")["records"][0]["run_id"] == plain_record(1)["run_id"]
    assert call("verified")["entries"] == 1


def test_check_mode_on_a_bare_host_needs_neither_user_nor_ledger(run_module: Run, plain_record: Plain) -> None:
    bare = {"directory": "/var/lib/no-such-ledger", "user": "no-such-user"}
    assert run_module(ledger.main, True, state="opened", record=plain_record(), **bare)["answer"] == "acquired"
    assert run_module(ledger_info.main, True, **bare)["records"] == []
    told = run_module(ledger.main, state="opened", record=plain_record(), **bare)
    assert (
        told["msg"] == "The system user no-such-user does not exist on this host; deploy it with traumalink.ops.site."
    )


def test_records_without_lease_and_from_a_controller(
    call: Run, ask: Run, plain_record: Plain, ended: dict[str, str]
) -> None:
    call("present", site="lab")
    refused = plain_record(1, **{**ended, "outcome": "refused"}, reason="2.3: outside every window")
    assert call("appended", record=refused)["head"]["sequence"] == 1
    lines = "\n".join(json.dumps(plain_record(number, **ended)) for number in (2, 3))
    assert call("imported", lines=lines + "\n")["imported"] == [plain_record(2)["run_id"], plain_record(3)["run_id"]]
    again = call("imported", lines=lines.replace("success", "failed"))
    assert (again["changed"], len(again["known"]), len(again["remarks"])) == (False, 2, 2)
    assert [each["imported"] for each in ask()["records"]] == [True, True, False]
    assert [each["reason"] for each in ask(outcome="refused")["records"]] == ["2.3: outside every window"]
    assert len(ask(limit=2)["records"]) == 2


def test_exports_to_a_file(call: Run, plain_record: Plain, ended: dict[str, str], tmp_path: Path) -> None:
    call("present", site="lab")
    call("appended", record=plain_record(1, **ended))
    path = tmp_path / "export.jsonl"
    result = call("exported", path=str(path))
    assert (result["changed"], result["entries"]) == (True, 1)
    assert json.loads(path.read_text())["record"]["verb"] == "backup"
    assert not call("exported", path=str(path))["changed"]


def test_an_altered_ledger_fails_with_the_entry(call: Run, plain_record: Plain, ended: dict[str, str]) -> None:
    call("present", site="lab")
    call("appended", record=plain_record(1, **ended))
    result = call("verified", heads=[{"sequence": 7, "hash": "a" * 64}])
    assert result["failed"]
    assert result["fault"] == {"sequence": 2, "what": "is missing: the head of entry 7 was kept elsewhere"}
    assert result["msg"].startswith("The ledger was altered: entry 2 is missing")


def test_a_countersigned_head_is_kept(call: Run, plain_record: Plain, ended: dict[str, str], keys: Any) -> None:
    call("present", site="lab")
    head = call("appended", record=plain_record(1, **ended))["head"]
    text = sign_head(Head(**head), keys("hospital"))
    assert call("head_signed", sequence=1, signature=text)["changed"]
    assert not call("head_signed", sequence=1, signature=text)["changed"]
    public = keys("hospital").with_suffix(".pub").read_text()
    assert call("verified", public_key=public)["signed_to"] == 1
    assert (
        "countersignature is not by the given key"
        in call("verified", public_key=keys("other").with_suffix(".pub").read_text())["msg"]
    )


def test_a_wrong_record_is_named_by_its_fields(call: Run, plain_record: Plain) -> None:
    call("present", site="lab")
    assert "password: is not known here" in call("opened", record={**plain_record(), "password": "geheim"})["msg"]
    assert "state is opened but all of the following are missing: record" in call("opened")["msg"]
    assert call("renewed")["msg"] == "state is renewed but all of the following are missing: run_id"


def test_failures_say_of_which_kind_they_are(call: Run, plain_record: Plain, ended: dict[str, str]) -> None:
    assert call("opened", record=plain_record())["code"] == "no_ledger"
    call("present", site="lab")
    head = call("appended", record=plain_record(1, **ended))["head"]
    assert call("opened", record={**plain_record(), "password": "geheim"})["code"] == "wrong_record"
    altered = call("opened", record=plain_record(2), heads=[{**head, "hash": "b" * 64, "signature": ""}])
    assert (altered["failed"], altered["code"]) == (True, "altered")
    assert call("closed", record=plain_record(9, **ended))["code"] == ""
    assert call("verified", heads=[{"sequence": 1, "hash": "b" * 64}])["code"] == "altered"


def test_a_lost_ledger_is_given_up_by_the_sites_name_alone(
    call: Run, ask: Run, plain_record: Plain, ended: dict[str, str], tmp_path: Path
) -> None:
    call("present", site="lab")
    head = call("appended", record=plain_record(1, **ended))["head"]
    (tmp_path / "ledger.sqlite").write_bytes(b"cut off")
    lost = {"site": "lab", "heads": [{**head, "signature": ""}]}
    assert call("present", True, begin_anew="lab", **lost)["changed"]
    assert (tmp_path / "ledger.sqlite").read_bytes() == b"cut off"
    begun = call("present", begin_anew="lab", actor="li.na@controller1", **lost)
    assert (begun["changed"], begun["anew"], len(begun["put_aside"])) == (True, True, 1)
    assert (tmp_path / begun["put_aside"][0]).read_bytes() == b"cut off"
    (record,) = ask()["records"]
    assert (record["actor"], record["figures"]["begun_after_hash"]) == ("li.na@controller1", head["hash"])
    assert call("verified")["entries"] == 1
    assert "state is present but all of the following are missing: site" in call("present")["msg"]


def test_lines_that_are_no_records_are_told_one_by_one(
    call: Run, plain_record: Plain, ended: dict[str, str], warned: list[str]
) -> None:
    call("present", site="lab")
    result = call("imported", lines="{\n" + json.dumps(plain_record(1, **ended)))
    assert result["imported"] == [plain_record(1)["run_id"]]
    assert result["rejected"] == [{"line": 1, "why": "is no JSON"}]
    assert "line 1 did not come in: is no JSON" in warned


def test_what_nobody_has_countersigned_is_told_as_a_warning(
    call: Run, plain_record: Plain, ended: dict[str, str], keys: Any, warned: list[str]
) -> None:
    call("present", site="lab")
    head = call("appended", record=plain_record(1, **ended))["head"]
    call("appended", record=plain_record(2, **ended))
    public = keys("hospital").with_suffix(".pub").read_text()
    assert "no head of the ledger is countersigned" in call("verified", public_key=public)["msg"]
    call("head_signed", sequence=1, signature=sign_head(Head(**head), keys("hospital")))
    verified = call("verified", public_key=public)
    assert verified["signed_to"] == 1
    assert warned == ["Entry 2 is not countersigned (yet); the next head that is signed covers what is before it."]
