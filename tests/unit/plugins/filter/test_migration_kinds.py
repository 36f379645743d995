"""The filter takes what a chain of filters gives."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter.migration_kinds import FilterModule


def test_hands_on_the_answers() -> None:
    call = FilterModule().filters()["migration_kinds"]
    assert call(iter([{"register": {"current": None}}])) == ["expand", "contract", "breaking"]
    assert call(iter([{}])) == ["expand"]
