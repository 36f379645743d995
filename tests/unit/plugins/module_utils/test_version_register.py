"""The version register of a host: what came, what became of it, and the SHA-256 of its programs and documents."""

from __future__ import annotations

import hashlib
import os
import pwd
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import packing
from ansible_collections.traumalink.ops.plugins.module_utils.release import activate, finalize, mark_bad, stage
from ansible_collections.traumalink.ops.plugins.module_utils.release_folder import remove
from ansible_collections.traumalink.ops.plugins.module_utils.release_places import Places
from ansible_collections.traumalink.ops.plugins.module_utils.version_register import Version, applications, versions

AT = "2026-11-25T14:30:00Z"


@pytest.fixture
def places(
    tmp_path: Path, source: Path, keys: Callable[[str], Path], allowed: Callable[[str], str], manifest: Any
) -> Places:
    """Give a host: 1.9.0 was replaced by 1.10.0, 1.11.0 is BAD and was cleaned away, 1.12.0 is staged."""
    host = Places("trauma", tmp_path / "opt", tmp_path / "state", pwd.getpwuid(os.getuid()).pw_name)

    def come(version: str) -> None:
        (source / "app/main.py").write_text(version)
        processes = [
            {"name": "web", "command": ["bin/web"]},
            {"name": "worker", "command": ["/usr/bin/python3"], "singleton": True},
        ]
        data = manifest(version=version, from_versions=[], processes=processes)
        packed = packing.pack_and_sign(source, data, tmp_path / f"p-{version}", keys("vendor"))
        stage(host, packed.archive, None, allowed("vendor"))

    for version in ("1.9.0", "1.10.0"):
        come(version)
        activate(host, version, at=AT)
    come("1.11.0")
    mark_bad(host, "1.11.0", "unhealthy")
    come("1.12.0")
    host.record(host.register().retired("1.11.0"))
    remove(host.folder("1.11.0"))
    return host


def by_version(host: Places) -> dict[str, Version]:
    return {found.version: found for found in versions(host)}


def test_tells_every_version_newest_first_with_what_became_of_it(places: Places) -> None:
    assert [(found.version, found.state, found.slot) for found in versions(places)] == [
        ("1.12.0", "staged", "blue"),
        ("1.11.0", "bad", ""),
        ("1.10.0", "current", "green"),
        ("1.9.0", "previous good", ""),
    ]
    found = by_version(places)
    assert (found["1.10.0"].activated_at, found["1.12.0"].activated_at) == (AT, "")
    assert found["1.10.0"].signer == "vendor@vendor.example"
    assert len(found["1.10.0"].sha256) == 64
    assert (found["1.11.0"].bad, found["1.11.0"].whole, found["1.11.0"].documents) == ("unhealthy", None, ())
    finalize(places, "1.10.0")
    assert [each.version for each in versions(places) if each.final] == ["1.10.0"]
    assert by_version(places)["1.9.0"].state == "staged"
    places.record(places.register().retired("1.9.0"))
    assert by_version(places)["1.9.0"].state == "retired"


def test_names_programs_and_documents_with_their_sha256(places: Places) -> None:
    found = by_version(places)["1.10.0"]
    web, worker = found.programs
    assert (web.name, web.command, web.singleton) == ("web", ("bin/web",), False)
    assert web.sha256 == hashlib.sha256(b"#!/bin/sh\n").hexdigest()
    assert (worker.singleton, worker.sha256) == (True, "")  # an interpreter of the host
    (notes,) = found.documents
    assert (notes.kind, notes.language) == ("update_notes", "zh")
    assert hashlib.sha256(Path(notes.path).read_bytes()).hexdigest() == notes.sha256


def test_one_digest_over_all_programs_is_what_sha256sum_gives(places: Places) -> None:
    found = by_version(places)["1.10.0"]
    said = subprocess.run(
        ["sha256sum", "app/main.py", "bin/web"], cwd=places.folder("1.10.0"), capture_output=True, check=True
    )
    assert (found.files, found.programs_sha256) == (2, hashlib.sha256(said.stdout).hexdigest())
    assert found.programs_sha256 != by_version(places)["1.9.0"].programs_sha256


def test_tells_that_somebody_changed_a_release(places: Places) -> None:
    assert all(each.whole for each in versions(places) if each.version != "1.11.0")
    file = places.folder("1.10.0") / "app/main.py"
    file.chmod(0o644)
    file.write_text("spoilt")
    assert (by_version(places)["1.10.0"].whole, by_version(places)["1.12.0"].whole) == (False, True)
    (places.folder("1.12.0") / "release.yml").chmod(0o644)
    (places.folder("1.12.0") / "release.yml").write_text("{}")
    assert (by_version(places)["1.12.0"].whole, by_version(places)["1.12.0"].programs) == (False, ())


def test_finds_the_applications_of_a_host(places: Places) -> None:
    (places.state_root / "no-application").mkdir()
    assert applications(places.state_root) == ["trauma"]
    assert applications(places.state_root / "nowhere") == []
    assert versions(Places("other", places.root, places.state_root)) == []
