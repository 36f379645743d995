"""The filter hands on what speaks against an upgrade."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter.upgrade_problems import FilterModule


def test_hands_on_the_problems() -> None:
    seen = {
        "path": {"changes": True, "problems": ["1.1.0 was marked BAD."], "unsettled": []},
        "room": [],
        "stopped": {},
        "health": {},
        "unproven": "no drill",
        "in_the_way": "",
        "fits": "",
    }
    assert FilterModule().filters()["upgrade_problems"](seen) == {
        "problems": ["1.1.0 was marked BAD.", "The backups of the site are unproven: no drill."],
        "unsettled": [],
    }
