"""What a deployment must not walk over: a database that was here, and a restore that nobody concluded."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.loss import Place, loss_problem

PLACE = Place("lab", "db1", "/var/lib/postgresql/15/main", "ops1", "lab")
NOTHING: dict[str, Any] = {"exists": False, "newest": None}
STANZA: dict[str, Any] = {"exists": True, "newest": None, "wal_max": "000000010000000000000007"}
BACKUP: dict[str, Any] = {**STANZA, "newest": {"label": "20261123-013700F"}}


def problem(exists: bool, restore: str, repository: dict[str, Any], confirmed: bool = False) -> str:
    return loss_problem({"exists": exists, "restore": restore}, repository, PLACE, confirmed=confirmed)


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize(
    ("exists", "restore", "repository"),
    [
        (False, "none", NOTHING),  # a first deployment
        (True, "none", NOTHING),  # an adopted server
        (True, "none", STANZA),
        (True, "none", BACKUP),
        (True, "stale", BACKUP),  # a person put other data back since
    ],
)
def test_goes_on_where_nothing_is_lost(exists: bool, restore: str, repository: dict[str, Any], confirmed: bool) -> None:
    assert problem(exists, restore, repository, confirmed) == ""


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("restore", ["none", "stale"])
def test_an_empty_database_never_takes_the_place_of_one_that_can_come_back(restore: str, confirmed: bool) -> None:
    assert problem(False, restore, BACKUP, confirmed) == (
        "db1 has no data in /var/lib/postgresql/15/main, but the repository on ops1 holds backup 20261123-013700F of lab; an empty database "
        "would take its place. Bring it back with traumalink.ops.restore, or set postgresql_data_directory to where the data lies. Nothing "
        "was changed."
    )


def test_a_database_without_any_backup_is_not_replaced_before_somebody_agrees() -> None:
    refused = problem(False, "none", STANZA)
    for words in (
        "the repository on ops1 knows a database of lab (WAL to 000000010000000000000007), without any backup; an empty",
        "If its disk is not mounted, mount it, or set postgresql_data_directory to where the data lies.",
        "to begin with an empty database: traumalink.ops.site -e backup_loss_confirm=lab. Nothing was changed.",
    ):
        assert words in refused
    assert problem(False, "none", STANZA, confirmed=True) == ""
    assert "knows a database of lab, without" in problem(False, "none", {**STANZA, "wal_max": None})


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("confirmed", [False, True])
def test_half_a_restore_can_only_be_finished(exists: bool, confirmed: bool) -> None:
    assert problem(exists, "copying", BACKUP, confirmed) == (
        "A restore into /var/lib/postgresql/15/main on db1 was cut off while it copied. Finish it with traumalink.ops.restore "
        "-e restore_confirm=lab. Nothing was changed."
    )


@pytest.mark.parametrize(
    ("restore", "words"),
    [("replaying", "is under way: all is laid down"), ("served", "was never concluded: its server takes writes")],
)
def test_a_restore_that_nobody_measured_is_served_only_where_somebody_agrees(restore: str, words: str) -> None:
    refused = problem(True, restore, BACKUP)
    assert words in refused
    assert "traumalink.ops.restore -e restore_confirm=lab" in refused
    assert "serve with wha" in refused
    assert "traumalink.ops.site -e backup_loss_confirm=lab" in refused
    assert problem(True, restore, BACKUP, confirmed=True) == ""
