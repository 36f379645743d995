"""The filter `primary_host`, as Ansible calls it."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.primary_host import FilterModule

FILTER = FilterModule().filters()["primary_host"]


def test_gives_the_host() -> None:
    assert FILTER({"db1": "standby", "db2": "primary"}) == "db2"


def test_fails_in_ansible_s_way() -> None:
    with pytest.raises(AnsibleFilterError, match=r"no database host is primary \(db1 is down\)"):
        FILTER({"db1": "down"})
