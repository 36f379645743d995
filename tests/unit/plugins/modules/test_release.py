"""The Ansible module `release`: what it answers, in check mode too, and the diff of the register."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import packing
from ansible_collections.traumalink.ops.plugins.module_utils import release as domain
from ansible_collections.traumalink.ops.plugins.modules import release

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def module(
    run_module: Run, tmp_path: Path, signed_archive: packing.Packed, allowed: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:  # fmt: skip
    """Give the module over folders of the test's own, with the arguments that most tests share."""
    me = pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr(release, "Places", lambda name: domain.Places(name, tmp_path / "opt", tmp_path / "state", me))

    def call(check: bool = False, **arguments: Any) -> dict[str, Any]:
        common = {"name": "trauma", "version": "1.2.0"}
        if arguments.get("state", "staged") == "staged":
            common |= {"sha256": signed_archive.sha256, "allowed_signers": allowed("vendor")}
        return run_module(release.main, check, **(common | arguments))

    return call


def test_asks_for_the_archive_only_where_it_is_needed(module: Run, signed_archive: packing.Packed) -> None:
    asked = module()
    assert (asked["changed"], asked["archive_needed"], asked["slot"]) == (True, True, "blue")
    done = module(archive=str(signed_archive.archive))
    assert (done["changed"], done["archive_needed"]) == (True, False)
    again = module()
    assert (again["changed"], again["archive_needed"]) == (False, False)


def test_check_mode_tells_and_writes_nothing(module: Run, signed_archive: packing.Packed, tmp_path: Path) -> None:
    told = module(check=True, archive=str(signed_archive.archive))
    assert told["changed"]
    assert json.loads(told["diff"]["after"])["slots"] == {"blue": "1.2.0"}
    assert json.loads(told["diff"]["before"])["slots"] == {}
    assert not (tmp_path / "opt").exists()
    module(archive=str(signed_archive.archive))
    assert module(check=True)["changed"] is False


def test_activates(module: Run, signed_archive: packing.Packed) -> None:
    assert "stage it first" in module(state="active")["msg"]
    module(archive=str(signed_archive.archive))
    assert module(check=True, state="active")["changed"]
    done = module(state="active")
    assert done["register"]["current"] == {"version": "1.2.0", "slot": "blue"}
    assert done["path"].endswith("/opt/trauma/slots/blue")
    assert module(state="active")["changed"] is False


def test_fails_with_the_domain_s_message(module: Run, signed_archive: packing.Packed, tmp_path: Path) -> None:
    failed = module(archive=str(signed_archive.archive), allowed_signers="")
    assert failed["failed"]
    assert "allowed signers" in failed["msg"]
    assert not (tmp_path / "opt").exists()


def test_an_archive_that_was_exchanged_meanwhile_is_refused(
    module: Run, signed_archive: packing.Packed, tmp_path: Path
) -> None:
    failed = module(archive=str(signed_archive.archive), sha256="0" * 64)
    assert "is another archive" in failed["msg"]
    assert "Run again; nothing was unpacked" in failed["msg"]
    assert not (tmp_path / "opt").exists()
