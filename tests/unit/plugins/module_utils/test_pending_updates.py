"""Where an update comes from, in which step it is installed, and whether it can be taken back."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.pending_updates import (
    Origin,
    Update,
    is_security,
    step_of,
    way_back,
    with_changelogs,
)


@pytest.mark.parametrize(
    ("label", "codename", "counts"),
    [
        ("Debian-Security", "bookworm-security", True),
        ("Debian-Security", "trixie-security", False),
        ("Debian", "bookworm", False),
        ("Debian", "bookworm-security", False),
        ("Hospital", "bookworm-security", False),
    ],
)
def test_only_the_security_archive_of_the_hosts_own_release_counts(label: str, codename: str, counts: bool) -> None:
    assert is_security([Origin("Debian", "bookworm"), Origin(label, codename)], "bookworm") is counts


@pytest.mark.parametrize(
    ("source", "database_host", "step", "why"),
    [
        ("openssl", True, "system", ""),
        ("pgbackrest", False, "pgbackrest", ""),
        ("postgresql-15", True, "postgresql", "postgresql"),
        ("postgresql-15", False, "system", ""),  # libpq5 on an app host
        ("postgresql-common", True, "system", ""),
        ("glibc", False, "system", "glibc"),
        ("linux-signed-amd64", False, "system", "kernel"),
        ("systemd", False, "system", "init"),
    ],
)
def test_steps_and_ways_back(source: str, database_host: bool, step: str, why: str) -> None:
    assert step_of(source, database_host) == step
    assert way_back(source, database_host) == why


def update(name: str, source: str, installed: str = "1") -> Update:
    """Return a small update."""
    return Update(name, "amd64", installed, "2", source, installed, "2", (), True)


def test_packages_of_one_source_share_its_changelog_and_new_ones_mend_nothing() -> None:
    updates = [
        update("libssl3", "openssl"),
        update("openssl", "openssl"),
        update("new", "openssl", ""),
        update("z", "zlib"),
    ]
    found = with_changelogs(updates, [("openssl", ["CVE-2026-0001"], True)])
    assert {each.name: (each.vulnerabilities, each.changelog) for each in found} == {
        "libssl3": (("CVE-2026-0001",), True),
        "openssl": (("CVE-2026-0001",), True),
        "new": ((), True),
        "z": ((), False),
    }
