"""The module tells its host's clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.traumalink.ops.plugins.modules import host_clock


def test_it_tells_the_time_and_changes_nothing(run_module: Callable[..., dict[str, Any]]) -> None:
    before = time.time()
    found = run_module(host_clock.main)
    assert before <= found["epoch_seconds"] <= time.time()
    assert found["changed"] is False
