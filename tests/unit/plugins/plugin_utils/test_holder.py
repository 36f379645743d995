"""Who holds the site, and how long another operation waits for it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.holder import LONGEST_HELD_SECONDS, Holder, Waiting


def holder(renewed_at: str = "first") -> Holder:
    """Return an upgrade that holds the site."""
    return Holder("20261125-033000-3f9a2c", "upgrade", "li.na@controller1", "2026-11-25T03:30:00Z", renewed_at)


def waiting(wait_seconds: float) -> tuple[Waiting, SimpleNamespace, list[str]]:
    """Return a backup that waits so long at most, its clock, and what it says."""
    clock, said = SimpleNamespace(now=100.0), list[str]()
    return Waiting("backup", "lab", wait_seconds, lambda: clock.now, said.append), clock, said


def test_a_holder_that_lives_is_not_waited_for() -> None:
    patient, clock, _said = waiting(0)
    patient.goes_on(holder())  # it may be dead
    clock.now += 15
    with pytest.raises(
        OpsError,
        match=r"backup of lab is refused: upgrade 20261125-033000-3f9a2c of li\.na@controller1, which holds the site since",
    ):
        patient.goes_on(holder("again"))


def test_a_lease_that_outlasts_all_leases_is_no_dead_one_s() -> None:
    patient, clock, _said = waiting(0)
    patient.goes_on(holder())
    clock.now += LONGEST_HELD_SECONDS + 1
    with pytest.raises(OpsError, match="is at work"):
        patient.goes_on(holder())


def test_who_may_wait_waits_so_long_and_says_so_now_and_then() -> None:
    patient, clock, said = waiting(100)
    for _look in range(10):
        patient.goes_on(holder(str(clock.now)))
        clock.now += 9.9
    assert len(said) == 2
    assert said[0].startswith("backup of lab waits for upgrade 20261125-033000-3f9a2c")
    clock.now += 2
    with pytest.raises(OpsError, match="backup of lab is refused after waiting 101 s"):
        patient.goes_on(holder("again"))


def test_a_holder_is_named_with_verb_and_time() -> None:
    lease = {
        "run_id": "20261125-033000-3f9a2c",
        "verb": "backup",
        "actor": "li.na@c1",
        "since": "2026-11-25T03:30:00Z",
        "renewed_at": "x",
    }
    message = Holder.of(lease).refusal("site", "lab", 0.0)
    assert message == (
        "site of lab is refused: backup 20261125-033000-3f9a2c of li.na@c1, which holds the site since 2026-11-25T03:30:00Z, is at work. "
        "Run it again when that has ended. Nothing was changed"
    )
