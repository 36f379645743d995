"""What is asked of an operation: who asks, by the system's word."""

from __future__ import annotations

import os
import pwd
import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import read_record
from ansible_collections.traumalink.ops.plugins.plugin_utils import operation_request
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval_maker import new_approval, write
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_request import approval_of

NOW = datetime.now(UTC).replace(microsecond=0)
AWX = {"AWX_HOST": "https://awx.example", "JOB_ID": "17"}


def test_the_actor_is_the_system_user_and_also_awx_s_user_where_awx_runs_it() -> None:
    here = operation_request.actor_of({}, {})
    assert here == f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"
    told = operation_request.actor_of({"awx_user_name": "wang.wei", "awx_job_id": 17}, AWX)
    assert told == f"{here} for wang.wei (AWX job 17)"


@pytest.mark.parametrize(
    ("variables", "environment"),
    [
        ({"awx_user_name": "wang.wei", "awx_job_id": 17}, {}),
        ({"awx_user_name": "wang.wei", "awx_job_id": 17}, {"JOB_ID": "17"}),
        ({"awx_user_name": "wang.wei", "awx_job_id": 16}, AWX),
        ({"awx_user_name": "wang.wei"}, AWX),
        ({"tower_user_name": "wang.wei"}, AWX),
        ({"awx_user_name": "", "awx_job_id": 17}, AWX),
        ({}, {"LOGNAME": "wang.wei", "USER": "wang.wei"}),
    ],
)
def test_nobody_is_somebody_else_by_a_variable(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any], environment: dict[str, str]
) -> None:
    monkeypatch.setenv("LOGNAME", "wang.wei")
    assert "wang.wei" not in operation_request.actor_of(variables, environment)


def test_a_system_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation_request.os, "getuid", lambda: 4294967000)
    assert operation_request.actor_of({}, {}).startswith("uid 4294967000@")


def test_the_record_keeps_the_fingerprint_of_the_key_that_approved(
    tmp_path: Path, keys: Callable[[str], Path], contract_data: Callable[..., dict[str, Any]]
) -> None:
    public = " ".join(keys("li").with_suffix(".pub").read_text().split()[:2])
    li_na = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
    contract = read_contract(contract_data(contacts=[{**li_na, "signing_keys": [public]}]))
    approval = new_approval(
        site="lab", verb="migrate", subject="", subject_name="", valid=(NOW, NOW + timedelta(hours=1)), approver="li_na", note="", now=NOW,
    )  # fmt: skip
    document = write(approval, tmp_path, keys("li"))
    given = {"verb": "migrate", "site": "lab", "subject": "", "approval": str(document)}
    found, problem = approval_of(given, contract, NOW, lambda _verb, _run_id: None)
    assert (problem, found and found["approver"]) == ("", "li_na")
    assert found
    assert re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", found["key"])
    minimal = {
        "run_id": "20261125-033000-3f9a2c",
        "site": "lab",
        "verb": "migrate",
        "actor": "a@c",
        "started_at": NOW.isoformat(),
    }
    assert read_record({**minimal, "approval": found}).as_dict()["approval"]["key"] == found["key"]


@pytest.mark.parametrize(
    ("with_key", "said"),
    [
        (True, "migrate needs the hospital's approval; let it make one with traumalink.ops.approve, and give"),
        (
            False,
            "migrate needs the hospital's approval; nobody can give it: have the contract name a contact with side",
        ),
    ],
)
def test_what_to_do_without_an_approval_depends_on_whether_anybody_can_give_one(
    keys: Callable[[str], Path], contract_data: Callable[..., dict[str, Any]], with_key: bool, said: str
) -> None:
    public = [keys("li").with_suffix(".pub").read_text()] if with_key else []
    li_na = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
    contract = read_contract(contract_data(contacts=[{**li_na, "signing_keys": public}]))
    given = {"verb": "migrate", "site": "lab", "subject": "", "approval": ""}
    found, problem = approval_of(given, contract, NOW, lambda _verb, _run_id: None)
    assert found is None
    assert problem.startswith(said)


@pytest.mark.parametrize("strategy", ["linear", "ansible.builtin.linear", "debug"])
def test_a_strategy_that_does_once_what_is_to_be_done_once_is_taken(strategy: str) -> None:
    assert operation_request.refusal_of_strategy(strategy) == ""


@pytest.mark.parametrize("strategy", ["free", "host_pinned", "ansible.builtin.free", "mitogen_free", "my.own.per_host"])
def test_a_strategy_under_which_each_host_runs_for_itself_is_refused(strategy: str) -> None:
    said = operation_request.refusal_of_strategy(strategy)
    assert said.startswith(
        f"the play has strategy {strategy}, under which each host would begin an operation of its own"
    )
