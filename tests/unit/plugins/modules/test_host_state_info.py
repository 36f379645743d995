"""The module looks at what it was asked for, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.modules import host_state_info


def test_what_is_amiss_is_told(run_module: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    found = run_module(
        host_state_info.main,
        users=[{"name": "no-such-user"}],
        paths=[{"path": str(tmp_path / "none")}, {"path": str(tmp_path / "gone"), "kind": "absent"}],
    )
    assert found["changed"] is False
    assert found["amiss"] == ["there is no user no-such-user", f"{tmp_path}/none is missing"]
    assert not (tmp_path / "none").exists()


def test_nothing_is_wanted_and_nothing_amiss(run_module: Callable[..., dict[str, Any]]) -> None:
    assert run_module(host_state_info.main)["amiss"] == []
