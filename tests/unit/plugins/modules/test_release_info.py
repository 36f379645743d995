"""The Ansible module `release_info`."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import packing
from ansible_collections.traumalink.ops.plugins.module_utils import release as domain
from ansible_collections.traumalink.ops.plugins.modules import release_info

Run = Callable[..., dict[str, Any]]
Allowed = Callable[[str], str]


def test_returns_the_manifest_of_a_verified_archive(
    run_module: Run, signed_archive: packing.Packed, allowed: Allowed
) -> None:
    result = run_module(release_info.main, archive=str(signed_archive.archive), allowed_signers=allowed("vendor"))
    assert result["changed"] is False
    assert (result["manifest"]["name"], result["manifest"]["version"]) == ("trauma", "1.2.0")
    assert result["manifest"]["modules"][0]["health"] == "/health/triage"
    assert (result["sha256"], result["signer"]) == (signed_archive.sha256, "vendor@vendor.example")


def test_fails_on_a_signature_that_is_not_allowed(
    run_module: Run, signed_archive: packing.Packed, allowed: Allowed
) -> None:
    result = run_module(release_info.main, archive=str(signed_archive.archive), allowed_signers=allowed("stranger"))
    assert result["failed"]
    assert "is not signed by one of the site's allowed signers" in result["msg"]
    assert "manifest" not in result


def test_tells_what_is_current_and_refuses_another_version(
    run_module: Run, signed_archive: packing.Packed, allowed: Allowed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = domain.Places("trauma", tmp_path / "opt", tmp_path / "state", pwd.getpwuid(os.getuid()).pw_name)
    monkeypatch.setattr(release_info, "Places", lambda _name: places)
    assert run_module(release_info.main, name="trauma", only_version="9.0.0")["register"]["current"] is None
    domain.stage(places, signed_archive.archive, None, allowed("vendor"))
    domain.activate(places, "1.2.0")
    register = run_module(release_info.main, name="trauma", only_version="1.2.0")["register"]
    assert register["current"] == {"version": "1.2.0", "slot": "blue"}
    assert "use traumalink.ops.upgrade" in run_module(release_info.main, name="trauma", only_version="9.0.0")["msg"]


@pytest.fixture
def places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signed_archive: packing.Packed, allowed: Allowed
) -> domain.Places:
    """Give a host with one release, which is current."""
    me = pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr(
        release_info, "Places", lambda name: domain.Places(name, tmp_path / "opt", tmp_path / "state", me)
    )
    places = release_info.Places("trauma")
    domain.stage(places, signed_archive.archive, None, allowed("vendor"))
    domain.activate(places, "1.2.0", at="2026-11-25T14:30:00Z")
    return places


@pytest.mark.parametrize("name", [{}, {"name": "trauma"}])
def test_tells_all_versions_of_one_or_all_applications(run_module: Run, places: domain.Places, name: Any) -> None:
    (version,) = run_module(release_info.main, versions=True, **name)["versions"]
    assert (version["application"], version["version"], version["state"]) == ("trauma", "1.2.0", "current")
    assert version["documents"][0]["path"] == str(places.releases / "1.2.0/docs/update_notes.zh.md")
    assert run_module(release_info.main, versions=True, name="other")["versions"] == []


def test_tells_the_room_that_is_needed_and_the_room_there_is(
    run_module: Run,
    places: domain.Places,
    signed_archive: packing.Packed,
    allowed: Allowed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(release_info, "free_bytes", {places.releases: 12345}.__getitem__)
    assert run_module(release_info.main, name="trauma")["free_bytes"] == 12345
    files = sum(len(content) for content in (b"print('hello')\n", "第一个版本\n".encode(), b"#!/bin/sh\n"))
    result = run_module(release_info.main, archive=str(signed_archive.archive), allowed_signers=allowed("vendor"))
    assert result["needed_bytes"] == files + 64 * 1024**2 + signed_archive.archive.stat().st_size


def test_needs_an_archive_or_a_name(run_module: Run) -> None:
    assert run_module(release_info.main)["failed"]
    assert run_module(release_info.main, archive="/x")["failed"]
