"""The program of the timer: new WAL into the vault, and a word to the journal where that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import vault_program
from ansible_collections.traumalink.ops.plugins.module_utils.vault import Kept, Vault, VaultError
from vault_samples import written


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Give the file of the settings."""
    return written(tmp_path)


def test_copies_wal_alone_and_says_how_much(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(Vault, "keep", lambda self, **options: asked.append((self.place, options)) or Kept(2, 99, ()))
    assert vault_program.main([], settings) == 0
    assert asked == [(Path("/v"), {"wal_only": True})]
    assert capsys.readouterr().out == "2 files, 99 bytes\n"


def test_a_minute_without_wal_says_nothing(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Vault, "keep", lambda _self, **_options: Kept(0, 0, ()))
    assert vault_program.main([], settings) == 0
    assert capsys.readouterr().out == ""


def test_what_is_wrong_goes_to_the_journal_with_a_status(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def keep(_self: Vault, **_options: Any) -> Kept:
        raise VaultError("/v is not there")

    monkeypatch.setattr(Vault, "keep", keep)
    assert vault_program.main([], settings) == 1
    assert capsys.readouterr().err == "/v is not there\n"


@pytest.mark.parametrize("text", ["{", None])
def test_settings_that_cannot_be_read_are_an_error(
    settings: Path, text: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.unlink()
    if text is not None:
        settings.write_text(text)
    assert vault_program.main([], settings) == 1
    assert "run traumalink.ops.site" in capsys.readouterr().err


def test_an_argument_is_an_error(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert vault_program.main(["--everything"], settings) == 2
    assert "takes no arguments" in capsys.readouterr().err
