"""The app hosts agree on a version, or a change was cut off while they were told of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.version_agreement import AgreementError, to_go_back


def site(*hosts: tuple[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return hosts by version and the one before."""
    return {
        f"app{number}": [{"name": "trauma", "version": version, "previous_good": before}]
        for number, (version, before) in enumerate(hosts, 1)
    }


@pytest.mark.parametrize(
    "hosts",
    [
        [("1.0.0", "")],
        [("1.0.0", ""), ("1.0.0", "")],
        [("1.1.0", "1.0.0"), ("1.1.0", "")],  # the second host is a new one
    ],
)
def test_hosts_that_agree_are_left_alone(hosts: list[tuple[str, str]]) -> None:
    assert to_go_back(site(*hosts)) == []


@pytest.mark.parametrize(
    ("hosts", "back"),
    [
        ([("1.1.0", "1.0.0"), ("1.0.0", "")], ["app1"]),
        ([("1.1.0", "1.0.0"), ("1.0.0", "0.9.0")], ["app1"]),
        ([("1.1.0", "1.0.0"), ("1.1.0", "1.0.0"), ("1.0.0", "")], ["app1", "app2"]),
        ([("1.0.0", ""), ("1.1.0", "1.0.0")], ["app2"]),
    ],
    ids=["upgrade", "later upgrade", "three hosts", "rollback"],
)
def test_all_go_to_what_each_of_them_ran_well(hosts: list[tuple[str, str]], back: list[str]) -> None:
    assert to_go_back(site(*hosts)) == [{"host": host, "name": "trauma", "version": "1.0.0"} for host in back]


@pytest.mark.parametrize(
    "hosts",
    [
        [("1.1.0", ""), ("1.0.0", "")],
        [("1.1.0", "0.9.0"), ("1.0.0", "")],
        [("1.2.0", "1.1.0"), ("1.1.0", "1.0.0"), ("1.0.0", "")],
        [("1.1.0", "1.0.0"), ("1.0.0", "1.1.0")],
    ],
    ids=["no history", "another history", "three versions", "each after the other"],
)
def test_hosts_without_a_version_in_common_are_told(hosts: list[tuple[str, str]]) -> None:
    with pytest.raises(AgreementError, match=r"1\.1\.0 on app.*version_register"):
        to_go_back(site(*hosts))


def test_a_site_without_a_release_has_nothing_to_agree_on() -> None:
    assert to_go_back({"app1": [], "app2": []}) == []
