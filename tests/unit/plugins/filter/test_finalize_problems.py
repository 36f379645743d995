"""The filter hands on what speaks against a finalize."""

from __future__ import annotations

from dataclasses import asdict

from ansible_collections.traumalink.ops.plugins.filter.finalize_problems import FilterModule
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register


def test_hands_on_the_problems() -> None:
    manifest = {"version": "2.0.0", "migrations": [{"id": "0004", "kind": "contract"}]}
    call = FilterModule().filters()["finalize_problems"]
    assert call({"app1": asdict(Register())}, manifest, "2" * 64, "7")[0].startswith("app1 runs no version")
