"""Which entries of a Debian changelog are newer than what is installed, and which CVE ids they name."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.debian_changelog import (
    compared_version,
    is_debian_changelog,
    named_since,
)

# As in Debian's expat 2.5.0-1+deb12u5, shortened.
EXPAT = """expat (2.5.0-1+deb12u3) bookworm-security; urgency=medium

  * Non-maintainer upload by the Security Team.
  * Fix CVE-2026-32777, cve-2026-32776 and
    CVE-2024-28757.

 -- A Maintainer <a@example.org>  Mon, 01 Jun 2026 10:00:00 +0200

expat (2.5.0-1+deb12u2) bookworm; urgency=high

  * Fix CVE-2023-52425. Also see CVE-2024-28757 (not fixed here).

 -- A Maintainer <a@example.org>  Mon, 01 Jan 2025 10:00:00 +0200
"""
ORDER = ["2.5.0-1+deb12u1", "2.5.0-1+deb12u2", "2.5.0-1+deb12u2+b1", "2.5.0-1+deb12u3"]


def newer(one: str, two: str) -> bool:
    """Order the versions of these tests."""
    return ORDER.index(one) > ORDER.index(two)


def test_only_entries_since_the_installed_version_count() -> None:
    found = named_since(EXPAT, "2.5.0-1+deb12u2", newer)
    assert found.versions == ("2.5.0-1+deb12u3",)
    assert found.vulnerabilities == ("CVE-2024-28757", "CVE-2026-32776", "CVE-2026-32777")
    assert found.reached


def test_a_rebuild_that_is_installed_does_not_bring_its_own_source_back() -> None:
    assert named_since(EXPAT, "2.5.0-1+deb12u2+b1", newer).versions == ("2.5.0-1+deb12u3",)


def test_a_changelog_that_ends_before_the_installed_version_is_told_apart() -> None:
    found = named_since(EXPAT, "2.5.0-1+deb12u1", newer)
    assert found.versions == ("2.5.0-1+deb12u3", "2.5.0-1+deb12u2")
    assert "CVE-2023-52425" in found.vulnerabilities
    assert not found.reached


def test_nothing_is_new_of_a_package_that_is_not_installed_or_not_older() -> None:
    assert named_since(EXPAT, "", newer).vulnerabilities == ()
    assert named_since(EXPAT, "2.5.0-1+deb12u3", newer).vulnerabilities == ()


def test_vulnerabilities_are_in_the_order_of_year_and_number() -> None:
    text = "a (2) x; urgency=low\n\n  * CVE-2026-102633 CVE-2026-93990 CVE-2009-0001\n"
    assert named_since(text, "1", lambda one, two: one > two).vulnerabilities == (
        "CVE-2009-0001",
        "CVE-2026-93990",
        "CVE-2026-102633",
    )


@pytest.mark.parametrize(
    ("text", "is_one"),
    [(EXPAT, True), ("\n" + EXPAT, True), ("2026-01-01  Somebody\n\n\t* src: fix\n", False), ("", False)],
)
def test_an_upstream_changelog_is_none_of_debians(text: str, is_one: bool) -> None:
    assert is_debian_changelog(text) is is_one


def test_a_binary_that_is_counted_differently_is_compared_by_its_source() -> None:
    assert compared_version("3.0-1+b1", "3.0-1") == "3.0-1+b1"
    assert compared_version("1:4.16+5", "4.16.0") == "4.16.0"
