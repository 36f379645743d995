"""The filter hands on why a release is BAD."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter.release_blame import FilterModule


def test_hands_on_the_reason() -> None:
    call = FilterModule().filters()["release_blame"]
    assert call("it does not start", ["release_fault"], [], []) == "it does not start"
    assert call("it does not start", ["release_fault"], ["app2"], []) == ""
    assert call("it does not start", ["release_fault"], [], [], True) == ""
