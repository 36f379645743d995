"""The filter `release_room_problems`."""

from __future__ import annotations

from dataclasses import asdict

from ansible_collections.traumalink.ops.plugins.filter import release_room_problems
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register, Staged

REGISTER = asdict(
    Register()
    .staged("1.0.0", Staged("1" * 64, "vendor"), "blue")
    .activated("1.0.0")
    .staged("1.1.0", Staged("2" * 64, "vendor"), "green")
    .activated("1.1.0")
)


def test_tells_who_lacks_room() -> None:
    call = release_room_problems.FilterModule().filters()["release_room_problems"]
    answer = {"app1": {"free_bytes": 5 * 1024**2, "register": REGISTER}}
    assert call(answer, "trauma", "1.1.0", 10 * 1024**2) == []
    assert len(call(answer, "trauma", "1.2.0", 10 * 1024**2)) == 1
