"""The filter `interrupted_notices`, as Ansible calls it."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter.interrupted_notices import FilterModule

FILTER = FilterModule().filters()["interrupted_notices"]


def test_gives_a_message_for_each() -> None:
    lost = [{"run_id": f"20261125-03300{number}-3f9a2c", "verb": "backup"} for number in range(2)]
    told = FILTER(lost, {entry["run_id"]: "its controller went silent" for entry in lost}, "lab", "wecom")
    assert [sorted(message) for message in told] == [["subject", "text", "webhook"]] * 2
