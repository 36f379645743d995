# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that stand twice in a contract's file: YAML as Ansible reads it takes the last one, and the freeze in the first is gone without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract, ContractError, read_contract

__all__ = ["contract_of_site", "repeated_keys"]

NAME = "contract"
ENDINGS = ("*.yml", "*.yaml", "*.json")


def contract_of_site(data: object, variables: Mapping[str, Any]) -> Contract:
    """Return the contract that plain data describes, when in the inventory's files no key of it stands twice.

    Args:
        data: the contract as Ansible gives it.
        variables: Ansible's, of which `ansible_inventory_sources` names the inventories; what is no path there is left out.

    Raises:
        ContractError: it describes none, or names each key that stands twice, one a line.
    """
    sources = variables.get("ansible_inventory_sources") or ()
    lines = [line for source in sources for path in _files(Path(source)) for line in _told(path)]
    if lines:
        raise ContractError("\n".join(lines))
    return read_contract(data)


def repeated_keys(text: str) -> list[str]:
    """Return a line for each key that stands twice in the contract of a YAML text; none where it is no YAML, which Ansible itself tells."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return []
    if not isinstance(root, yaml.MappingNode):
        return []
    contracts = [(key, value) for key, value in root.value if key.value == NAME]
    lines = [_line(NAME, first, again) for (first, _), (again, _) in pairwise(contracts)]
    for _, value in contracts:
        lines += _below(NAME, value)
    return lines


def _below(path: str, node: yaml.Node) -> Iterator[str]:
    """Yield the lines of a part and of all that is in it."""
    if isinstance(node, yaml.SequenceNode):
        for number, entry in enumerate(node.value):
            yield from _below(f"{path}[{number}]", entry)
    elif isinstance(node, yaml.MappingNode):
        seen: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield _line(f"{path}.{name}", seen[name], key)
            seen[name] = key
            yield from _below(f"{path}.{name}", value)


def _line(path: str, first: yaml.Node, again: yaml.Node) -> str:
    lines = f"{first.start_mark.line + 1} and {again.start_mark.line + 1}"
    return f"{path}: stands twice, in the lines {lines}, write it once: the last alone would hold"


def _files(source: Path) -> Iterator[Path]:
    """Yield the files beside an inventory that may hold the contract."""
    if not source.exists():
        return
    folder = source if source.is_dir() else source.parent
    for part in ("group_vars", "host_vars"):
        for ending in ENDINGS:
            yield from sorted((folder / part).rglob(ending))


def _told(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [] if text.startswith("$ANSIBLE_VAULT") else repeated_keys(text)
