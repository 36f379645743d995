"""The filter `upgrade_path` hands on what plugin_utils says, as plain data."""

from __future__ import annotations

from dataclasses import asdict

from ansible_collections.traumalink.ops.plugins.filter import upgrade_path
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register, Staged

REGISTER = asdict(
    Register()
    .staged("1.0.0", Staged("1" * 64, "vendor"), "blue")
    .activated("1.0.0")
    .staged("1.1.0", Staged("2" * 64, "vendor"), "green")
    .activated("1.1.0")
)
MANIFEST = {"name": "trauma", "version": "1.2.0", "from_versions": ["1.1.0"]}


def test_hands_on_the_judgement() -> None:
    call = upgrade_path.FilterModule().filters()["upgrade_path"]
    assert call({"app1": REGISTER}, MANIFEST, "3" * 64) == {
        "before": {"app1": "1.1.0"}, "to": "1.2.0", "changes": True, "problems": (), "unsettled": (),
    }  # fmt: skip
    bad = {**REGISTER, "releases": {**REGISTER["releases"], "1.2.0": asdict(Staged("", "", "unhealthy"))}}
    assert "-e upgrade_retry_bad=true" in call({"app1": bad}, MANIFEST, "3" * 64)["problems"][0]
    assert call({"app1": bad}, MANIFEST, "3" * 64, retry_bad=True)["problems"] == ()
