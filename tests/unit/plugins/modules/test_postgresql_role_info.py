"""The Ansible module `postgresql_role_info`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import postgresql_role_info

Run = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("program", "answer", "role"),
    [
        ("/usr/bin/psql", {"out": "f\n"}, "primary"),
        ("/usr/bin/psql", {"out": "t\n"}, "standby"),
        ("/usr/bin/psql", {"status": 2, "err": "no server"}, "down"),
        (None, {"out": "f\n"}, "absent"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_names_the_role_of_the_server_on_its_port(
    on_runner: Callable[[ModuleType], Run], runner: Any, monkeypatch: pytest.MonkeyPatch,
    program: str | None, answer: dict[str, Any], role: str, check: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(postgresql_role_info.shutil, "which", lambda _name, path: program)
    runner.on("psql", "5433", **answer)
    result = on_runner(postgresql_role_info)(check, port=5433)
    assert (result["changed"], result["role"]) == (False, role)
    assert len(runner.calls) == (1 if program else 0)
