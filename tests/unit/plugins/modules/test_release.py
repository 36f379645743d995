"""The Ansible module `release`: what it answers, in check mode too, and the diff of the register."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable
from datetime import datetime
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


def test_a_lost_link_is_laid_again_without_the_archive(
    module: Run, signed_archive: packing.Packed, tmp_path: Path
) -> None:
    module(archive=str(signed_archive.archive))
    link = tmp_path / "opt/trauma/slots/blue"
    link.unlink()
    told = module(check=True)
    assert (told["changed"], told["archive_needed"], link.is_symlink()) == (True, False, False)
    again = module(sha256=None, allowed_signers=None)
    assert (again["changed"], again["archive_needed"]) == (True, False)
    assert (link / "app/main.py").exists()


def test_keeps_when_it_became_current(module: Run, signed_archive: packing.Packed) -> None:
    module(archive=str(signed_archive.archive))
    assert "is no time; write ISO 8601 with an offset" in module(state="active", at="2026-11-25T22:30:00")["msg"]
    assert "is no time" in module(state="active", at="tonight")["msg"]
    done = module(state="active", at="2026-11-25T22:30:00+08:00")
    assert done["register"]["releases"]["1.2.0"]["activated_at"] == "2026-11-25T14:30:00Z"


def test_keeps_now_where_nobody_says_when(module: Run, signed_archive: packing.Packed) -> None:
    module(archive=str(signed_archive.archive))
    at = module(state="active")["register"]["releases"]["1.2.0"]["activated_at"]
    assert datetime.fromisoformat(at).tzinfo is not None


def test_bad_final_and_back(module: Run, signed_archive: packing.Packed) -> None:
    module(archive=str(signed_archive.archive))
    module(state="active")
    assert "reason" in module(state="bad", version="1.3.0")["msg"]
    told = module(check=True, state="bad", version="1.3.0", reason="unhealthy")
    assert json.loads(told["diff"]["after"])["releases"]["1.3.0"]["bad"] == "unhealthy"
    assert module(state="bad", version="1.3.0", reason="unhealthy")["changed"]
    assert module(state="bad", version="1.3.0", reason="unhealthy")["changed"] is False
    assert module(state="rolled_back", reason="x")["changed"] is False
    assert "goes back to no version" in module(state="rolled_back", version="1.1.0")["msg"]
    assert module(state="final")["register"]["final"] == "1.2.0"
    assert module(state="final")["changed"] is False


def test_a_bad_version_is_staged_when_told_so(module: Run, signed_archive: packing.Packed) -> None:
    module(state="bad", reason="unhealthy")
    assert "upgrade_retry_bad=true" in module(archive=str(signed_archive.archive))["msg"]
    done = module(archive=str(signed_archive.archive), retry_bad=True)
    assert (done["changed"], done["register"]["releases"]["1.2.0"]["bad"]) == (True, "")


def test_removes_what_nobody_needs(
    module: Run, signed_archive: packing.Packed, tmp_path: Path, runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "run", runner.on("systemctl", "list-units"))
    module(archive=str(signed_archive.archive))
    assert module(state="retired", version=None)["retired"] == []
    told = module(check=True, state="retired", version=None, keep=0)
    assert (told["changed"], told["retired"]) == (True, ["1.2.0"])
    assert (tmp_path / "opt/trauma/releases/1.2.0").is_dir()
    done = module(state="retired", version=None, keep=0)
    assert (done["changed"], done["retired"], done["register"]["slots"]) == (True, ["1.2.0"], {})
    assert module(state="retired", version=None, keep=0)["changed"] is False


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
