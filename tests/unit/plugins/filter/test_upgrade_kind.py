"""The filter `upgrade_kind`."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter import upgrade_kind


def test_tells_kind_and_what_is_left() -> None:
    found = upgrade_kind.FilterModule().filters()["upgrade_kind"]([{"id": "0002", "kind": "contract"}], ["0002"])
    assert (found["kind"], found["left"]) == ("app-only", ("0002",))
