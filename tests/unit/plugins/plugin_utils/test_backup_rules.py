"""What a contract says of backups, as numbers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.backup_rules import backup_rules
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import ContractError

WEEK = {"full_every_seconds": 7 * 86400, "retention_days": 7}


@pytest.mark.parametrize("contract", [{}, {"backups": {}}, {"backups": None}, {"id": "lab", "windows": "whatever"}])
def test_where_nothing_is_said_a_week_each(contract: dict[str, Any]) -> None:
    assert backup_rules(contract) == WEEK


def test_part_of_a_day_is_kept_as_a_whole_one() -> None:
    assert backup_rules({"backups": {"retention": "7d1h"}})["retention_days"] == 8
    assert backup_rules({"backups": {"full_every": "36h"}}) == {"full_every_seconds": 129600, "retention_days": 7}


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"full_every": "1h"}, "contract.backups.full_every: is not between a day and a month, write for example 7d"),
        ({"full_every": "60d"}, "contract.backups.full_every: is not between a day and a month, write for example 7d"),
        ({"retention": "6d"}, "contract.backups.retention: is less than the week of clause 4.6, write 7d or more"),
        ({"retention": "week"}, 'contract.backups.retention: "week" is no duration'),
        ({"keep": "7d"}, "contract.backups.keep: "),
    ],
)
def test_what_is_wrong_is_named_with_what_to_write(section: dict[str, str], said: str) -> None:
    with pytest.raises(ContractError) as caught:
        backup_rules({"backups": section})
    assert said in str(caught.value)


@pytest.mark.parametrize("contract", [None, [], "contract.yml", 4])
def test_what_is_no_contract_is_told(contract: object) -> None:
    with pytest.raises(ContractError, match=r"contract: .* is not a mapping, write it as docs/contract\.md says"):
        backup_rules(contract)
