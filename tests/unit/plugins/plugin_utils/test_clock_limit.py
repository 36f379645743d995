"""One limit for clocks everywhere."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.traumalink.ops.plugins.plugin_utils.clock_limit import CLOCK_LIMIT

ROOT = Path(__file__).resolve().parents[4]


def test_clocks_may_differ_as_much_as_the_role_lets_them() -> None:
    defaults = yaml.safe_load((ROOT / "roles/operation/defaults/main.yml").read_text("utf-8"))
    assert CLOCK_LIMIT.total_seconds() == defaults["operation_clock_limit_seconds"]
