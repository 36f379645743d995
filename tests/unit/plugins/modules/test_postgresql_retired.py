"""The Ansible module `postgresql_retired`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.cluster_retirement import RetirementError
from ansible_collections.traumalink.ops.plugins.modules import postgresql_retired

Run = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("steps", [[], ["stop 15/main"]])
@pytest.mark.parametrize("check", [False, True])
def test_tells_what_was_or_would_be_done(
    on_runner: Callable[[ModuleType], Run], monkeypatch: pytest.MonkeyPatch, steps: list[str], check: bool
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(postgresql_retired, "retire", lambda _run, host, check: asked.append((host, check)) or steps)
    result = on_runner(postgresql_retired)(check, successor="db2")
    assert (result["changed"], result["steps"]) == (bool(steps), steps)
    assert asked == [("db2", check)]


def test_a_server_that_goes_on_is_told(on_runner: Callable[[ModuleType], Run], monkeypatch: pytest.MonkeyPatch) -> None:
    def goes_on(*_arguments: Any, **_options: Any) -> list[str]:
        raise RetirementError("stop it by hand")

    monkeypatch.setattr(postgresql_retired, "retire", goes_on)
    assert on_runner(postgresql_retired)(successor="db2")["msg"] == "stop it by hand"
