"""The Ansible module `file_restore`, over a restic that lays one file down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils import restic
from ansible_collections.traumalink.ops.plugins.modules import file_restore


@pytest.fixture
def call(runner: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give a call of the module that brings a folder back where another lies."""
    path = tmp_path.resolve() / "srv" / "uploads"
    path.mkdir(parents=True)
    (path / "new").write_text("new")
    for name in ("crt", "key", "app1.passphrase", "app1.login"):
        (tmp_path / name).write_text(name)

    def lay() -> None:
        (target,) = (word.removeprefix("--target=") for word in runner.calls[-1] if word.startswith("--target="))
        came = Path(target, path.relative_to("/"))
        came.mkdir(parents=True)
        (came / "old").write_text("1234")

    runner.on("restore", then=lay)
    monkeypatch.setattr(restic, "RUNTIME", tmp_path)
    monkeypatch.setattr(file_restore, "run", runner)
    given = {
        "repository": "rest:https://ops1:8434/app1",
        "host": "app1",
        "snapshot": "bbbbbbbb",
        "paths": [str(path)],
        **{name: str(tmp_path / file) for name, file in (("credentials", ""), ("certificate", "crt"), ("key", "key"))},
    }

    def run(**changes: Any) -> dict[str, Any]:
        capsys.readouterr()
        with patch_module_args({**given, **changes}), pytest.raises(SystemExit):
            file_restore.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


def test_brings_them_back_with_the_host_s_own_secrets(call: Any, runner: Any, tmp_path: Path) -> None:
    result = call(bytes=4)
    path = tmp_path / "srv" / "uploads"
    assert result["there"] == [str(path)]
    (aside,) = result["restored"].pop("kept_aside")
    assert (result["restored"].pop("seconds") >= 0, result["restored"]) == (True, {"files": 1, "bytes": 4})
    assert ([each.name for each in path.iterdir()], Path(aside, "new").read_text()) == (["old"], "new")
    assert runner.options[0]["environment"] == {
        "RESTIC_REPOSITORY": "rest:https://app1:app1.login@ops1:8434/app1",
        "RESTIC_PASSWORD": "app1.passphrase",
    }


def test_check_mode_looks_and_needs_nothing_yet(call: Any, runner: Any, tmp_path: Path) -> None:
    (tmp_path / "app1.login").unlink()
    result = call(_ansible_check_mode=True)
    assert (result["changed"], result["there"]) == (True, [str(tmp_path / "srv" / "uploads")])
    assert runner.calls == []


def test_says_why_not(call: Any, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "srv")
    assert "is a symbolic link" in call(paths=[str(tmp_path / "link")])["msg"]
    (tmp_path / "app1.login").unlink()
    assert "app1.login cannot be read" in call()["msg"]
