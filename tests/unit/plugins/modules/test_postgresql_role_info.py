"""The Ansible module `postgresql_role_info`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import postgresql_role_info

Run = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("program", "answer", "successor", "role", "timeline"),
    [
        ("/usr/bin/psql", {"out": "00000003\n"}, "", "primary", 3),
        ("/usr/bin/psql", {"out": "00000003\n"}, "db2", "primary", 3),  # somebody has started it by hand
        ("/usr/bin/psql", {"out": "\n"}, "", "standby", 0),
        ("/usr/bin/psql", {"status": 2, "err": "no server"}, "", "down", 0),
        ("/usr/bin/psql", {"status": 2, "err": "no server"}, "db2", "retired", 0),
        (None, {"out": "00000003\n"}, "", "absent", 0),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_names_the_role_of_the_server_on_its_port(
    on_runner: Callable[[ModuleType], Run], runner: Any, monkeypatch: pytest.MonkeyPatch,
    program: str | None, answer: dict[str, Any], successor: str, role: str, timeline: int, check: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(postgresql_role_info.shutil, "which", lambda _name, path: program)
    monkeypatch.setattr(postgresql_role_info, "retired_for", lambda: successor)
    runner.on("psql", "5433", **answer)
    runner.on("psql", "5433", "SELECT extract(epoch FROM pg_postmaster_start_time())", out="1795981234.5\n")
    result = on_runner(postgresql_role_info)(check, port=5433)
    assert (result["changed"], result["role"], result["timeline"]) == (False, role, timeline)
    assert result["successor"] == (successor if role == "retired" else "")
    answers = role in ("primary", "standby")
    assert result["started_at"] == (1795981234.5 if answers else 0)
    assert len(runner.calls) == ((2 if answers else 1) if program else 0)


def test_a_server_that_goes_between_two_questions_has_no_start(
    on_runner: Callable[[ModuleType], Run], runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_role_info.shutil, "which", lambda _name, path: "/usr/bin/psql")
    runner.on("psql", out="00000003\n")
    runner.on("psql", "SELECT extract(epoch FROM pg_postmaster_start_time())", status=2, err="no server")
    assert on_runner(postgresql_role_info)(False)["started_at"] == 0
