"""The filter `host_address`, as Ansible calls it."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.host_address import FilterModule

FILTER = FilterModule().filters()["host_address"]


def test_gives_the_address() -> None:
    assert FILTER("ops1", {"ops1": {"site_host_address": "10.0.0.9"}}) == "10.0.0.9"


def test_fails_in_ansible_s_way() -> None:
    with pytest.raises(AnsibleFilterError, match="the inventory has no host 'ops2'"):
        FILTER("ops2", {"ops1": {}})
