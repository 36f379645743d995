"""What a plan says of one host, put together: the release, the programs that matter, and the changelogs of packages that lie there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import host_updates
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.host_updates import (
    debian_release,
    deployed_versions,
    read_changelogs,
    versions_of,
)
from ansible_collections.traumalink.ops.plugins.module_utils.pending_updates import Update
from ansible_collections.traumalink.ops.plugins.module_utils.restart_needs import RestartNeeds
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Placed, Register

CHANGELOG = "sample ({}) bookworm-security; urgency=high\n\n  * CVE-2026-{}\n\n -- A <a@example.org>  Mon, 01 Jun 2026 10:00:00 +0200\n\n"


def test_the_release_is_read_and_another_distribution_is_refused() -> None:
    text = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
    assert debian_release(text) == {"codename": "bookworm", "version": "12"}
    with pytest.raises(OpsError, match=r"Ubuntu 24\.04 is no Debian release"):
        debian_release('PRETTY_NAME="Ubuntu 24.04"\nID=ubuntu\nVERSION_CODENAME=noble\n')


def test_the_programs_that_matter_are_named_where_they_are_installed() -> None:
    installed = [{"name": name, "version": "1"} for name in ("postgresql-15", "postgresql-common", "haproxy", "nano")]
    needs = RestartNeeds(known=True, kernel_running="6.1.0-40-amd64")
    assert versions_of(installed, "12", needs) == {
        "debian": "12",
        "haproxy": "1",
        "kernel": "6.1.0-40-amd64",
        "postgresql": "1",
    }


def test_the_application_s_version_is_told_with_the_programs(tmp_path: Path) -> None:
    for name, text in (
        ("trauma", Register(current=Placed("1.1.0", "blue")).as_text()),
        ("damaged", "{"),
        ("bare", Register().as_text()),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "releases.json").write_text(text)
    assert deployed_versions(tmp_path) == {"trauma": "1.1.0"}
    assert deployed_versions(tmp_path / "nowhere") == {}


def test_changelogs_of_packages_that_lie_there_are_read_since_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: sample\nVersion: 3\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n"
    )
    documents = root / "usr/share/doc/sample"
    documents.mkdir(parents=True)
    documents.joinpath("changelog").write_text(
        "".join(CHANGELOG.format(*each) for each in ((3, "0003"), (2, "0002"), (1, "0001")))
    )
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", root, tmp_path / "sample_3_all.deb"],
        check=True,
        capture_output=True,
    )
    monkeypatch.setattr(host_updates, "ARCHIVES", tmp_path)
    there = Update("sample", "all", "1", "3", "sample", "1", "3", (), True)
    missing = Update("missing", "all", "1", "3", "missing", "1", "3", (), True)
    new = Update("sample", "all", "", "3", "sample", "", "3", (), True)
    found = list(read_changelogs([there, missing, new], lambda one, two: int(one) > int(two)))
    assert found == [("sample", ["CVE-2026-0002", "CVE-2026-0003"], True)]
