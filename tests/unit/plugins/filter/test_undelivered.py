"""The filter `undelivered`, as Ansible calls it."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter.undelivered import FilterModule

FILTER = FilterModule().filters()["undelivered"]


def test_tells_what_was_not_delivered() -> None:
    assert FILTER({"skipped": True}, {"status": 404}, "plain") == "The webhook answered 404."
    assert FILTER({"msg": "Mail sent successfully"}, {"status": 204}, "plain") == ""
