"""Room for a release on the app hosts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.release_room import room_problems

MEBIBYTE = 1024**2


def answer(free_mebibytes: int, **releases: Any) -> dict[str, Any]:
    return {"free_bytes": free_mebibytes * MEBIBYTE, "register": {"releases": {"1.1.0": releases} if releases else {}}}


@pytest.mark.parametrize(
    ("found", "lacks"),
    [
        (answer(100), False),
        (answer(99), True),
        (answer(99, sha256="2", retired=False), False),  # it is laid down there already
        (answer(99, sha256="2"), False),
        (answer(99, sha256="2", retired=True), True),
    ],
)
def test_who_has_it_needs_no_room(found: dict[str, Any], lacks: bool) -> None:
    problems = room_problems({"app1": answer(1000), "app2": found}, "trauma", "1.1.0", 100 * MEBIBYTE)
    assert bool(problems) is lacks


def test_says_what_is_there_and_what_is_needed() -> None:
    assert room_problems({"app2": answer(70)}, "trauma", "1.1.0", 100 * MEBIBYTE - 1) == [
        "app2 has 70 MiB free where /opt/trauma/releases lies, and trauma 1.1.0 needs 100 MiB. Make room there and run again."
    ]
