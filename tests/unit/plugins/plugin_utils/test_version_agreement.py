"""The app hosts agree on a version, or a change was cut off while they were told of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.version_agreement import AgreementError, still_to_count


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
    assert still_to_count(site(*hosts)) == []


@pytest.mark.parametrize(
    "hosts",
    [
        [("1.1.0", "1.0.0"), ("1.0.0", "")],
        [("1.1.0", "1.0.0"), ("1.0.0", "0.9.0")],
    ],
)
def test_what_was_counted_on_one_host_is_counted_on_the_others(hosts: list[tuple[str, str]]) -> None:
    assert still_to_count(site(*hosts)) == [{"host": "app2", "name": "trauma", "version": "1.1.0"}]


def test_three_hosts_of_which_one_was_told() -> None:
    found = still_to_count(site(("1.1.0", "1.0.0"), ("1.0.0", ""), ("1.0.0", "")))
    assert [each["host"] for each in found] == ["app2", "app3"]


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
def test_what_no_change_leaves_is_told(hosts: list[tuple[str, str]]) -> None:
    with pytest.raises(AgreementError, match=r"1\.1\.0 on app.*releases\.json"):
        still_to_count(site(*hosts))


def test_a_site_without_a_release_has_nothing_to_agree_on() -> None:
    assert still_to_count({"app1": [], "app2": []}) == []
