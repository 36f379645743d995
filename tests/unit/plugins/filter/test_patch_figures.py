"""The filters `patch_host_result` and `patch_figures` adapt the domain's functions."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter import patch_figures, patch_host_result


def test_they_put_together_what_a_run_needs() -> None:
    result = patch_host_result.FilterModule().filters()["patch_host_result"]({"rebooted": {"elapsed": 3}}, "true")
    assert result["down_seconds"] == 3
    compared = {"plan": {"hosts": {"app1": {"updates": []}}}, "sha256": "abc", "waiting": []}
    figures = patch_figures.FilterModule().filters()["patch_figures"]({"app1": result}, compared, {})
    assert figures["reboots"] == 1
