"""The register: what is current, what was good before, and where the next version may go."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.slots import (
    Placed,
    Register,
    RegisterError,
    Staged,
    choose_slot,
    read_register,
)

ONE, TWO = Staged("1" * 64, "vendor"), Staged("2" * 64, "vendor")


def deployed() -> Register:
    return Register().staged("1.0.0", ONE, "blue").activated("1.0.0")


def upgraded() -> Register:
    return deployed().staged("1.1.0", TWO, "green").activated("1.1.0")


def test_what_was_current_becomes_the_previous_good_one() -> None:
    register = upgraded()
    assert (register.current, register.previous_good) == (Placed("1.1.0", "green"), Placed("1.0.0", "blue"))
    assert register.activated("1.1.0") == register


def test_a_bad_version_never_becomes_the_previous_good_one() -> None:
    register = upgraded().staged("1.1.0", Staged("2" * 64, "vendor", bad="unhealthy"), "green")
    back = register.activated("1.0.0")
    assert (back.current, back.previous_good) == (Placed("1.0.0", "blue"), Placed("1.0.0", "blue"))


def test_only_what_is_staged_can_become_current() -> None:
    with pytest.raises(RegisterError, match=r"9\.9\.9 is in no slot"):
        deployed().activated("9.9.9")


def test_is_read_as_it_was_written() -> None:
    for register in (Register(), deployed(), upgraded()):
        assert read_register(register.as_text(), "r.json") == register
    assert read_register(None, "r.json") == Register()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 2, "releases": {}}',
             '{"format": 1, "releases": {"1.0.0": {"x": 1}}, "slots": {}, "current": null, "previous_good": null}',
             '{"format": 1, "releases": {}, "slots": {}, "current": {}, "previous_good": null}']
)  # fmt: skip
def test_a_damaged_register_is_refused_by_its_path(text: str) -> None:
    with pytest.raises(RegisterError, match=r"r\.json"):
        read_register(text, "r.json")


@pytest.mark.parametrize(
    ("register", "version", "slot"),
    [
        (Register(), "1.0.0", "blue"),
        (deployed(), "1.0.0", "blue"),
        (deployed(), "1.1.0", "green"),
        (upgraded(), "1.1.0", "green"),
        (upgraded(), "1.0.0", "blue"),
        (upgraded(), "1.2.0", "blue"),
        (Register().staged("1.0.0", ONE, "green"), "1.0.0", "green"),
    ],
)
def test_a_version_goes_where_it_is_or_where_nothing_runs(register: Register, version: str, slot: str) -> None:
    assert choose_slot(register, version) == slot


def test_the_slot_of_the_current_version_is_never_given_away() -> None:
    with pytest.raises(RegisterError, match=r"1\.0\.0 is current in slot blue; 1\.1\.0 can go to the other slot only"):
        choose_slot(deployed(), "1.1.0", "blue")
    assert choose_slot(deployed(), "1.1.0", "green") == "green"


def test_a_bad_version_is_not_tried_again() -> None:
    register = deployed().staged("1.1.0", Staged("2" * 64, "vendor", bad="triage unhealthy"), "green")
    with pytest.raises(RegisterError, match=r"1\.1\.0 was marked BAD on this host \(triage unhealthy\)"):
        choose_slot(register, "1.1.0")
