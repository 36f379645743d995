"""The Ansible module `host_program`."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils.files import TextFile
from ansible_collections.traumalink.ops.plugins.modules import host_program


@pytest.fixture
def module(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the module, which installs below the test's folder as whoever runs the test."""
    monkeypatch.setattr(host_program, "PLACE", tmp_path)
    files = [
        TextFile(tmp_path / "traumalink_ops" / name, f"# {name}\n", owner=getpass.getuser())
        for name in ("__init__.py", "x.py")
    ]
    monkeypatch.setattr(host_program, "package_files", lambda: files)

    def call(*, check_mode: bool = False) -> dict[str, Any]:
        capsys.readouterr()
        with patch_module_args({"name": "vault_program", "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
            host_program.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return call


def test_installs_once(module: Any, tmp_path: Path) -> None:
    first = module()
    assert first["changed"] is True
    assert (tmp_path / "traumalink_ops" / "x.py").read_text() == "# x.py\n"
    assert first["files"] == [str(tmp_path / "traumalink_ops" / name) for name in ("__init__.py", "x.py")]
    assert module()["changed"] is False


def test_check_mode_shows_what_would_be_written(module: Any, tmp_path: Path) -> None:
    result = module(check_mode=True)
    assert result["changed"] is True
    assert "# x.py" in str(result["diff"])
    assert not (tmp_path / "traumalink_ops").exists()
