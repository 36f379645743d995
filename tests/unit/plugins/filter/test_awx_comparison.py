"""The filter `awx_comparison`: what Ansible gets."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter.awx_comparison import FilterModule


def test_names_what_is_missing() -> None:
    found = FilterModule().filters()["awx_comparison"]({"teams": [{"name": "lab vendor"}]}, {"teams": []}, "lab")
    assert found["missing"] == {"teams": ["lab vendor"]}
