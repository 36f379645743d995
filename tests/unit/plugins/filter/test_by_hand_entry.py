"""The filter hands on what was entered, and an error of the domain becomes one of the filter."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.by_hand_entry import FilterModule


def test_an_entry_is_handed_on_and_a_fault_is_told() -> None:
    by_hand_entry = FilterModule().filters()["by_hand_entry"]
    visit = {
        "kind": "visit",
        "occurred_at": "2026-11-24T10:00:00+08:00",
        "entered_by": "wang_wei",
        "summary_zh": "巡检",
        "summary_en": "",
    }
    assert by_hand_entry(visit) == visit
    with pytest.raises(AnsibleFilterError, match="record_kind"):
        by_hand_entry({**visit, "kind": "lunch"})
