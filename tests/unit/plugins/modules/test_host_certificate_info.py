"""The module tells whether there is anything to do, also on a host that could not even look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import host_certificate_info

ARGUMENTS = {"common_name": "db1", "subjects": ["DNS:db1"], "authority": "x", "renew_days": 60}


def test_a_host_without_anything_has_none(run_module: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    found = run_module(host_certificate_info.main, folder=str(tmp_path), **ARGUMENTS)
    assert (found["changed"], found["current"]) == (False, False)
    assert found["amiss"].startswith(f"{tmp_path} cannot be read as it should be")


def test_what_is_looked_at_is_what_was_asked_for(
    run_module: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def look(*arguments: Any) -> str:
        seen.extend(arguments)
        return ""

    monkeypatch.setattr(host_certificate_info, "what_is_amiss", look)
    assert run_module(host_certificate_info.main, folder=str(tmp_path), **ARGUMENTS)["current"] is True
    assert (seen[0], seen[1].common_name, seen[1].subjects, seen[1].renew_days) == (tmp_path, "db1", ["DNS:db1"], 60)


def test_a_host_without_the_package_has_none_either(
    run_module: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_certificate_info, "what_is_amiss", None)
    found = run_module(host_certificate_info.main, **ARGUMENTS)
    assert (found["current"], found["amiss"]) == (False, "python3-cryptography is not installed")
