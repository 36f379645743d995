"""Keys of a contract that stand twice are told by their path and lines, wherever in the inventory the contract is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import ContractError
from ansible_collections.traumalink.ops.plugins.plugin_utils.repeated_keys import contract_of_site, repeated_keys

EXAMPLE = Path(__file__).resolve().parents[4] / "inventories/example/group_vars/all/contract.yml"


def test_a_section_that_stands_twice_is_told_with_both_lines() -> None:
    text = "contract:\n  freezes: [{name: a}]\n  timezone: Asia/Shanghai\n  freezes: []\n"
    (line,) = repeated_keys(text)
    assert line == "contract.freezes: stands twice, in the lines 2 and 4, write it once: the last alone would hold"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("contract: {windows: [{days: any, days: workday}]}", "contract.windows[0].days"),
        ("contract: {id: a}\nother: 1\ncontract: {id: b}", "contract"),
        ("contract: {calendar: {overrides: {2027: {}, 2027: {}}}}", "contract.calendar.overrides.2027"),
    ],
)
def test_at_any_depth(text: str, path: str) -> None:
    (line,) = repeated_keys(text)
    assert line.startswith(f"{path}: stands twice")


@pytest.mark.parametrize(
    "text",
    [EXAMPLE.read_text(encoding="utf-8"), "other: {a: 1, a: 2}", "- contract", "", "contract: {", "a: !vault |\n  x"],
    ids=["the example", "another variable", "a list", "nothing", "no YAML", "a secret"],
)
def test_nothing_is_said_of_what_is_right_or_not_ours(text: str) -> None:
    assert repeated_keys(text) == []


def test_the_inventory_is_searched_whichever_way_it_was_given(
    tmp_path: Path, contract_data: Callable[..., dict[str, Any]]
) -> None:
    folder = tmp_path / "group_vars" / "all"
    folder.mkdir(parents=True)
    (tmp_path / "hosts.yml").write_text("all: {}")
    (folder / "vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n61")
    (folder / "contract.yml").write_text("contract: {timezone: a, timezone: b}")
    for source in (str(tmp_path), str(tmp_path / "hosts.yml")):
        with pytest.raises(ContractError, match=r"contract\.timezone: stands twice"):
            contract_of_site(contract_data(), {"ansible_inventory_sources": ["localhost,", source]})
    nowhere = {"ansible_inventory_sources": ["localhost,", str(tmp_path / "elsewhere")]}
    assert contract_of_site(contract_data(), nowhere) == contract_of_site(contract_data(), {})
