"""The filter hands on which slot holds a version, and an error of the domain becomes one of the filter."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter.slots_of_version import FilterModule


def test_hands_on_the_slots() -> None:
    call = FilterModule().filters()["slots_of_version"]
    registers = {"app1": {"slots": {"blue": "1.0.0", "green": "1.1.0"}}}
    assert call(registers, "trauma", "1.1.0") == {"app1": {"trauma": "green"}}
    with pytest.raises(AnsibleFilterError, match="in no slot"):
        call(registers, "trauma", "9.0.0")
