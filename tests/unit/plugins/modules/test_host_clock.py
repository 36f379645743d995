"""The module tells its host's clock, and what the host is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import host_clock


def test_it_tells_the_time_and_changes_nothing(run_module: Callable[..., dict[str, Any]]) -> None:
    before = time.time()
    found = run_module(host_clock.main)
    assert before <= found["epoch_seconds"] <= time.time()
    assert found["changed"] is False


def test_it_tells_what_the_host_is(
    run_module: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')
    monkeypatch.setattr(host_clock, "OS_RELEASE", tmp_path / "os-release")
    assert run_module(host_clock.main)["ansible_facts"] == {
        "distribution": "Debian",
        "distribution_major_version": "12",
        "distribution_release": "bookworm",
        "processor_vcpus": os.cpu_count(),
    }
