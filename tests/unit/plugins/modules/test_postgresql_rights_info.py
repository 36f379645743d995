"""The module asks the server of its port, and says what is amiss without a password."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import postgresql_rights_info


def test_what_is_amiss_is_told_without_the_password(
    run_module: Callable[..., dict[str, Any]], runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner.on("psql", "5433", out="\n".join(map(json.dumps, [{}, {"trauma": "owner"}, ["plpgsql"], []])))
    monkeypatch.setattr(postgresql_rights_info, "run", runner)
    found = run_module(
        postgresql_rights_info.main,
        port=5433,
        roles=[{"name": "owner", "password": "very-secret"}],
        databases=[{"name": "trauma", "owner": "owner"}],
    )
    assert (found["changed"], found["amiss"]) == (False, ["there is no role owner"])
    assert "very-secret" not in json.dumps([found, runner.calls, runner.options])


def test_a_server_that_is_away_is_an_error(
    run_module: Callable[..., dict[str, Any]], runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner.on("psql", err="no such socket", status=2)
    monkeypatch.setattr(postgresql_rights_info, "run", runner)
    found = run_module(postgresql_rights_info.main)
    assert found["failed"] is True
    assert "no such socket" in found["msg"]
