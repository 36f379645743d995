"""What a contract's tests share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import ContractError, read_contract


@pytest.fixture
def refused_data() -> Callable[[object], list[str]]:
    """Give a function that reads a wrong contract and returns its faults."""

    def read(data: object) -> list[str]:
        with pytest.raises(ContractError) as caught:
            read_contract(data)
        return str(caught.value).split("\n")

    return read


@pytest.fixture
def refused(
    contract_data: Callable[..., dict[str, Any]], refused_data: Callable[[object], list[str]]
) -> Callable[..., list[str]]:
    """Give a function that returns the faults of a contract with wrong sections."""
    return lambda **sections: refused_data(contract_data(**sections))
