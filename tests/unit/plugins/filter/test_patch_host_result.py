"""The filter `patch_host_result` adapts the domain's function."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter import patch_host_result


def test_a_reboot_that_interrupts_counts() -> None:
    result = patch_host_result.FilterModule().filters()["patch_host_result"]
    assert result({"rebooted": {"elapsed": 3}}, True)["down_seconds"] == 3
    assert result({"rebooted": {"elapsed": 3}}, False)["down_seconds"] == 0
