"""The security tracker's file for debsecan, mirrored: which installed packages have a known vulnerability."""

from __future__ import annotations

import zlib

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.tracker_data import TrackerDataError, known, read_tracker

# As the tracker writes it: names, then packages (flags: source or binary, urgency, remote, fix), then binaries of sources.
DATA = """VERSION 1
CVE-2026-0001,,fixed in the release
CVE-2026-0002,,no fix yet
CVE-2026-0003,,of one binary

openssl,0,SHRF,3.5,3.2
openssl,1,S ? ,,
libfoo1,2,BM F,1.4,

openssl,openssl libssl3
"""
FILE = zlib.compress(DATA.encode())


def newer(one: str, two: str) -> bool:
    """Order these tests' versions."""
    return float(one) > float(two)


def installed(openssl: str, foo: str = "1.3") -> list[dict[str, str]]:
    """Return two packages as they are installed."""
    return [
        {"name": "libssl3", "version": openssl, "source": "openssl", "source_version": openssl},
        {"name": "libfoo1", "version": foo, "source": "foo", "source_version": "9"},
    ]


def test_what_has_a_fix_and_what_has_none_yet_are_told_apart() -> None:
    found = known(read_tracker(FILE), installed("3.0"), newer)
    assert [(each.vulnerability, each.source, each.fix_available, each.urgency) for each in found] == [
        ("CVE-2026-0003", "foo", True, "medium"),
        ("CVE-2026-0001", "openssl", True, "high"),
        ("CVE-2026-0002", "openssl", False, ""),
    ]


@pytest.mark.parametrize(
    ("openssl", "left"),
    [("3.2", ["CVE-2026-0002"]), ("3.5", ["CVE-2026-0002"]), ("3.4", ["CVE-2026-0001", "CVE-2026-0002"])],
)
def test_a_version_of_the_release_that_has_the_fix_is_safe(openssl: str, left: list[str]) -> None:
    assert [each.vulnerability for each in known(read_tracker(FILE), installed(openssl, "1.4"), newer)] == left


@pytest.mark.parametrize(
    "content", [b"not compressed", zlib.compress(b"VERSION 2\n\n\n\n"), zlib.compress(b"VERSION 1\nx\n\na,7,S??F,,\n")]
)
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(TrackerDataError, match="mirror it anew"):
        read_tracker(content)
