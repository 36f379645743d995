"""What a patching came to, as its report's plain data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.patch_report import report_data
from patch_samples import FACTS

NOW = datetime(2026, 11, 29, 18, 0, tzinfo=UTC)


def data(**changes: Any) -> dict[str, Any]:
    """Return the report's data."""
    return report_data(replace(FACTS, **changes), "lab", "20261129-180000-abcdef", NOW)


def test_only_what_was_installed_counts_as_mended() -> None:
    assert data()["mended"] == [
        {"vulnerability": "CVE-2026-0001", "source": "openssl", "hosts": ["app1"]},
        {"vulnerability": "CVE-2026-0002", "source": "openssl", "hosts": ["app1"]},
    ]


def test_before_and_after_by_host() -> None:
    app1 = data()["hosts"]["app1"]
    assert app1["sources"] == [
        {
            "source": "openssl", "before": "1.0-1", "after": "1.0-2", "security": True, "packages": ["libssl3"],
            "vulnerabilities": ["CVE-2026-0001", "CVE-2026-0002"],
        }
    ]  # fmt: skip
    assert (app1["versions_before"]["openssl"], app1["versions_after"]["openssl"]) == ("3.0.20", "3.0.22")


def test_what_remains_says_why() -> None:
    assert data()["remaining"] == {
        "db1": [
            {"name": "libcurl4", "candidate": "1.0-2", "why": "not_yet"},
            {"name": "libssl3", "candidate": "1.0-2", "why": "not_yet"},
            {"name": "nano", "candidate": "7", "why": "held"},
        ]
    }


def test_what_has_no_fix_yet_is_told_apart() -> None:
    db1 = data()["hosts"]["db1"]
    assert (db1["known_with_fix"], db1["known_without_fix"]) == (["CVE-2026-0003"], ["CVE-2026-0009"])


def test_a_host_that_could_not_be_asked_at_the_end_counts_as_it_was_planned() -> None:
    assert [each["name"] for each in data(after={})["remaining"]["db1"]] == ["libcurl4", "libssl3", "nano"]
