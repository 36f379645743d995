"""The filter `backup_rules`."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.backup_rules import FilterModule

rules = FilterModule().filters()["backup_rules"]


def test_takes_the_contract_to_numbers() -> None:
    assert rules({"backups": {"full_every": "2d", "retention": "14d"}}) == {
        "full_every_seconds": 172800,
        "retention_days": 14,
    }


def test_a_wrong_contract_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match=r"contract\.backups\.retention: is less than the week"):
        rules({"backups": {"retention": "3d"}})
