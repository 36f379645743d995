"""The filter `serving_spares`, as Ansible calls it."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.serving_spares import FilterModule

FILTER = FilterModule().filters()["serving_spares"]
STALE = {"item": "db1", "role": "primary", "timeline": 1, "successor": ""}


def test_gives_the_hosts() -> None:
    assert FILTER("db2", {"role": "primary", "timeline": 2, "successor": ""}, [STALE]) == ["db1"]


def test_fails_in_ansible_s_way() -> None:
    with pytest.raises(AnsibleFilterError, match="the inventory seems to name the wrong host"):
        FILTER("db2", {"role": "down", "timeline": 0, "successor": ""}, [STALE])
