"""What is asked of an operation: who asks, by the system's word."""

from __future__ import annotations

import os
import pwd
import socket
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils import operation_request

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
