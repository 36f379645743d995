"""Which hosts a restore onto another one asks, and whether the application may start behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLES = Path(__file__).resolve().parents[3] / "roles"
GROUPS = {"db": ["db1"], "db_spare": ["db2", "db3"], "app": ["app1"], "ops": ["ops1"]}


def value(name: str, **variables: Any) -> Any:
    """Return what a variable of role restore comes to, with its other variables as they are."""
    loader = DataLoader()
    own: dict[str, Any] = {}
    for file in ("defaults", "vars"):
        own |= loader.load_from_file(str(ROLES / "restore" / file / "main.yml"), trusted_as_template=True)
    given = {"groups": GROUPS, "hostvars": {"app1": {}}, "site_name": "lab", "inventory_hostname": "db2", **variables}
    return Templar(loader, {**own, **given}).template(own[name])


@pytest.mark.parametrize(
    ("given", "others"),
    [
        ({}, ["db2", "db3"]),
        ({"restore_host": "db2"}, ["db1", "db3"]),
        ({"restore_host": "db2", "operation_lost_hosts": ["db1", "app1"]}, ["db3"]),
        ({"groups": {"db": ["db1"]}}, []),
    ],
)
def test_every_other_database_host_is_asked_but_those_that_are_named_lost(
    given: dict[str, Any], others: list[str]
) -> None:
    assert value("restore_others", **given) == others


@pytest.mark.parametrize(
    ("given", "asks_at", "elsewhere"),
    [
        ({}, ["192.0.2.21"], False),
        ({}, ["192.0.2.20"], True),  # the inventory was changed before the restore
        ({"restore_application_database": "db.hospital.example"}, ["db.hospital.example"], False),
        ({"restore_application_database": "192.0.2.21,192.0.2.22"}, ["192.0.2.21", "192.0.2.22"], False),
        ({"restore_host": "db2", "restore_application_database": "192.0.2.22"}, ["192.0.2.21"], True),
    ],
)
def test_the_application_starts_only_where_it_asks_the_restored_host(
    given: dict[str, Any], asks_at: list[str], elsewhere: bool
) -> None:
    stopped = {"applications": [{"name": "trauma", "database_hosts": asks_at}]}
    known = {"restore_application_database": "192.0.2.21", "hostvars": {"app1": {"__restore_stopped": stopped}}}
    assert value("__restore_led_elsewhere", **{**known, **given}) is elsewhere


def test_without_an_application_in_the_run_nothing_leads_elsewhere() -> None:
    assert value("__restore_led_elsewhere", restore_application_database="192.0.2.21") is False


def test_only_what_served_before_is_said_to_serve_no_more() -> None:
    asked = {"db1": "primary", "db2": "primary", "db3": "absent"}
    results = [{"item": host, "role": role, "reached": True} for host, role in asked.items()]
    results.append({"item": "db4", "reached": False})
    assert value("__restore_retired", __restore_servers_before={"results": results}) == ["db2"]
    assert value("__restore_retired") == []


def test_the_inventory_s_change_is_said_only_where_there_is_one() -> None:
    assert value("__restore_inventory_words") == ""
    words = "In the inventory put db2 into the group db, and db1 into the group db_spare. "
    assert value("__restore_inventory_words", restore_host="db2") == words
