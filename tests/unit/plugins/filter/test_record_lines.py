"""The filter hands records on, and an error of the domain becomes one of the filter."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.record_lines import FilterModule


def test_records_and_time_zone_are_handed_on() -> None:
    lines = FilterModule().filters()["record_lines"]
    assert lines([], "UTC") == ["no record is like that"]
    with pytest.raises(AnsibleFilterError, match="is not known"):
        lines([], "Shanghai")
