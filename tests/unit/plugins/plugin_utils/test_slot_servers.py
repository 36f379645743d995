"""Which of HAProxy's servers take traffic, by what runs on the app hosts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.traumalink.ops.plugins.filter import slot_servers, slots_of_version, versions_to_go_back

SERVERS = slot_servers.FilterModule().filters()["slot_servers"]
SLOTS = slots_of_version.FilterModule().filters()["slots_of_version"]


def app(slot: str) -> list[dict[str, Any]]:
    """Return what runs on a host."""
    return [{"name": "trauma", "slot": slot, "version": "1.0.0", "previous_good": ""}]


def test_the_current_slots_are_in_service_and_the_others_are_not() -> None:
    assert SERVERS({"app1": app("blue"), "app2": app("green")}, {}) == {
        "in_service": ["app1-blue", "app2-green"],
        "out_of_service": ["app1-green", "app2-blue"],
    }


def test_another_slot_may_be_wanted_on_a_host() -> None:
    found = SERVERS({"app1": app("blue"), "app2": app("blue")}, {"app2": {"trauma": "green"}})
    assert found["in_service"] == ["app1-blue", "app2-green"]


def test_of_a_host_without_a_release_and_one_that_is_away_nothing_is_said() -> None:
    assert SERVERS({"app1": []}, {}) == {"in_service": [], "out_of_service": []}


def test_a_version_is_found_in_the_slot_that_holds_it() -> None:
    registers = {"app1": {"slots": {"blue": "1.0.0", "green": "1.1.0"}}, "app2": {"slots": {"green": "1.0.0"}}}
    assert SLOTS(registers, "trauma", "1.0.0") == {"app1": {"trauma": "blue"}, "app2": {"trauma": "green"}}
    with pytest.raises(AnsibleFilterError, match=r"app2 has trauma 1\.1\.0 in no slot"):
        SLOTS(registers, "trauma", "1.1.0")


def test_hosts_that_have_nothing_in_common_end_a_playbook() -> None:
    call = versions_to_go_back.FilterModule().filters()["versions_to_go_back"]
    assert call({"app1": app("blue")}) == []
    other = [{**app("blue")[0], "version": "9.0.0"}]
    with pytest.raises(AnsibleFilterError, match="have none in common"):
        call({"app1": app("blue"), "app2": other})
