"""What an inventory must hold to be a site."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.site import (
    SiteError,
    host_address,
    primary_host,
    site_problems,
)

SITE = {"edge": ["edge1"], "app": ["app1", "app2"], "db": ["db1"], "ops": ["ops1"], "ungrouped": []}


@pytest.mark.parametrize(
    ("groups", "problems"),
    [
        ({}, []),
        ({"edge": ["app1"]}, []),  # an edge may share its host with the application
        ({"edge": ["e1", "e2", "e3"]}, []),
        ({"app": []}, ["the inventory has no host in group 'app' (the application); add one"]),
        (
            {"edge": [], "ops": []},
            [
                "the inventory has no host in group 'edge' (HAProxy in front of the application); add one",
                "the inventory has no host in group 'ops' (the backup repository and the ledger); add one",
            ],
        ),
        ({"db": []}, ["the inventory has no host in group 'db' (the database); add one"]),
        (
            {"db": ["db1", "db2"]},
            ["group 'db' has 2 hosts (db1, db2); it takes 1; name the others in group 'db_spare'"],
        ),
        ({"db_spare": ["db2", "db3"]}, []),
        (
            {"db_spare": ["db1", "db2"]},
            ["db1 is in 'db' and in 'db_spare'; in 'db' is the host that serves, the others are spares"],
        ),
        (
            {"db_spare": ["ops1"]},
            ["ops1 is in 'db_spare' and in 'ops'; backups must outlive the database's host, so name another"],
        ),
        ({"ops": ["o1", "o2"]}, ["group 'ops' has 2 hosts (o1, o2); it takes 1"]),
        (
            {"ops": ["db1"]},
            ["db1 is in 'db' and in 'ops'; backups must outlive the database's host, so name another"],
        ),
    ],
)
def test_names_every_problem_of_the_groups(groups: dict[str, list[str]], problems: list[str]) -> None:
    assert site_problems({**SITE, **groups}, "example_hospital") == problems


@pytest.mark.parametrize("host", ["", "db1", "db2"])
def test_a_restore_may_name_the_database_host_or_a_spare(host: str) -> None:
    assert site_problems({**SITE, "db_spare": ["db2"]}, "example_hospital", host) == []


def test_a_restore_onto_any_other_host_is_refused() -> None:
    (problem,) = site_problems({**SITE, "db_spare": ["db2"]}, "example_hospital", "app1")
    assert problem == (
        "restore_host app1 is no database host of the site (db1, db2); name it in group 'db_spare', with what the inventory says of a database host"
    )


def test_a_group_that_is_not_there_is_empty() -> None:
    assert len(site_problems({}, "example_hospital")) == 4


@pytest.mark.parametrize("name", ["a", "example_hospital", "h2", "a" * 32])
def test_accepts_names(name: str) -> None:
    assert site_problems(SITE, name) == []


@pytest.mark.parametrize("name", ["", "A", "2h", "_a", "a-b", "a b", "a" * 33, "医院", "a\n", "a/../b"])
def test_refuses_names_that_cannot_stand_in_paths_and_identifiers(name: str) -> None:
    (problem,) = site_problems(SITE, name)
    assert problem.startswith(f"site_name {name!r} is no name; use up to 32 lower-case letters")


def test_a_missing_name_is_told_with_an_example() -> None:
    (problem,) = site_problems(SITE, None)
    assert "site_name is not set; write it into group_vars/all, for example" in problem


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({"site_host_address": "10.0.0.5", "ansible_host": "203.0.113.1"}, "10.0.0.5"),
        ({"site_host_address": "", "ansible_host": "203.0.113.1"}, "203.0.113.1"),
        ({"ansible_host": "203.0.113.1"}, "203.0.113.1"),
        ({}, "db1"),
    ],
)
def test_address_is_the_most_particular_one(variables: dict[str, Any], address: str) -> None:
    assert host_address("db1", {"db1": variables, "db2": {"site_host_address": "no"}}) == address


def test_refuses_a_host_that_is_not_in_the_inventory() -> None:
    with pytest.raises(SiteError, match="the inventory has no host 'db9'"):
        host_address("db9", {"db1": {}})


@pytest.mark.parametrize(
    "roles",
    [{"db1": "primary"}, {"db1": "standby", "db2": "primary", "db3": "down"}, {"db2": "primary", "db1": "absent"}],
)
def test_the_primary_is_the_one_that_says_so(roles: dict[str, str]) -> None:
    assert roles[primary_host(roles)] == "primary"


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ({}, r"no database host is primary \(no database host was asked\); start the server, or bring it back"),
        ({"db2": "down", "db1": "standby"}, r"no database host is primary \(db1 is standby, db2 is down\)"),
        (
            {"db1": "primary", "db2": "primary"},
            r"more than one host says it is the primary \(db1 is primary, db2 is pri",
        ),
    ],
)
def test_refuses_to_guess_a_primary(roles: dict[str, str], said: str) -> None:
    with pytest.raises(SiteError, match=said):
        primary_host(roles)
