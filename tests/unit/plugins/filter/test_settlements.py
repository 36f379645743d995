"""The filter hands its operations on to the domain."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter.settlements import FilterModule


def test_operations_answers_and_verb_are_handed_on() -> None:
    found = FilterModule().filters()["settlements"]([{"run_id": "r", "end": True}], [], "restore")
    assert found == {"r": "ended by a restore: nothing of it was left running"}
