"""The filter `rollback_path`."""

from __future__ import annotations

from dataclasses import asdict

from ansible_collections.traumalink.ops.plugins.filter import rollback_path
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register, Staged

REGISTER = asdict(
    Register()
    .staged("1.0.0", Staged("1" * 64, "vendor"), "blue")
    .activated("1.0.0")
    .staged("1.1.0", Staged("2" * 64, "vendor"), "green")
    .activated("1.1.0")
)


def test_names_where_to_go() -> None:
    assert rollback_path.FilterModule().filters()["rollback_path"]({"app1": REGISTER})["to"] == "1.0.0"
