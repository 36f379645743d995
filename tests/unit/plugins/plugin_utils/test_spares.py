"""Spare database hosts: which of them serves an older copy, and when the inventory names the wrong host."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.site import SiteError
from ansible_collections.traumalink.ops.plugins.plugin_utils.spares import serving_spares


def answer(role: str, timeline: int = 0, successor: str = "") -> dict[str, Any]:
    return {"role": role, "timeline": timeline, "successor": successor}


def spare(host: str, role: str, timeline: int = 0) -> dict[str, Any]:
    return {"item": host, **answer(role, timeline)}


LOST = {"item": "db1", "changed": False, "reached": False, "problem": "Failed to connect to the host via ssh"}


@pytest.mark.parametrize(
    "spares",
    [
        [],
        [LOST],
        [spare("db1", "absent")],
        [spare("db1", "down"), spare("db3", "standby")],
        [spare("db1", "retired")],
    ],
)
@pytest.mark.parametrize("own", [answer("primary", 3), answer("absent"), answer("down")])
def test_a_spare_that_takes_no_writes_is_left_alone(own: dict[str, Any], spares: list[dict[str, Any]]) -> None:
    assert serving_spares("db2", own, spares) == []


def test_a_host_that_was_lost_and_has_come_back_is_found() -> None:
    spares = [spare("db1", "primary", 2), LOST, spare("db3", "retired"), spare("db4", "primary", 1)]
    assert serving_spares("db2", answer("primary", 3), spares) == ["db1", "db4"]


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (answer("primary", 2), r"does not hold what came after it \(timeline 2\)"),
        (answer("primary", 4), r"does not hold what came after it \(timeline 4\)"),  # two copies on one timeline
        (answer("down"), r"\(is down\)"),
        (answer("absent"), r"\(is absent\)"),
    ],
)
def test_a_spare_that_serves_what_the_database_host_does_not_hold_is_never_stopped(
    own: dict[str, Any], words: str
) -> None:
    with pytest.raises(SiteError, match=words) as refused:
        serving_spares("db2", own, [spare("db1", "primary", 4)])
    assert "db1 of group 'db_spare' takes writes (timeline 4), and db2 of group 'db' does not hold" in str(
        refused.value
    )
    assert "the inventory seems to name the wrong host" in str(refused.value)


def test_a_retired_host_in_the_place_of_the_one_that_serves_is_named_with_its_successor() -> None:
    with pytest.raises(
        SiteError, match=r"db1 is retired: the database has come back on db2\. In the inventory put db2 into"
    ):
        serving_spares("db1", answer("retired", successor="db2"), [spare("db2", "primary", 3)])
