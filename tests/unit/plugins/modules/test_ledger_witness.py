"""The module keeps heads on its host and hands on what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import ledger_witness

HEAD = {"sequence": 1, "hash": "a" * 64, "at": "2026-11-25T03:30:00Z"}


def test_heads_are_kept_once_and_another_history_is_refused(
    run_module: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_witness, "FOLDER", tmp_path / "witness")
    assert run_module(ledger_witness.main, check=True, site="lab", heads=[HEAD])["kept"] == 1
    assert not (tmp_path / "witness").exists()
    first = run_module(ledger_witness.main, site="lab", heads=[HEAD])
    assert (first["changed"], first["heads"]) == (True, [{**HEAD, "signature": ""}])
    assert run_module(ledger_witness.main, site="lab", heads=[HEAD])["changed"] is False
    other = run_module(ledger_witness.main, site="lab", heads=[{**HEAD, "hash": "b" * 64}])
    assert other["failed"]
    assert "is not the one it was" in other["msg"]


def test_the_newest_alone_is_returned_and_all_are_put_aside(
    run_module: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_witness, "FOLDER", tmp_path / "witness")
    assert run_module(ledger_witness.main, site="lab", newest=True)["heads"] == []
    assert not (tmp_path / "witness").exists(), "looking leaves nothing behind"
    second = {**HEAD, "sequence": 2}
    assert run_module(ledger_witness.main, site="lab", heads=[HEAD, second], newest=True)["heads"] == [
        {**second, "signature": ""}
    ]
    assert run_module(ledger_witness.main, check=True, site="lab", put_aside=True)["changed"]
    assert len(run_module(ledger_witness.main, site="lab")["heads"]) == 2
    aside = run_module(ledger_witness.main, site="lab", put_aside=True)
    assert (aside["changed"], aside["heads"]) == (True, [])
    assert (tmp_path / "witness" / aside["aside"]).is_file()
    assert run_module(ledger_witness.main, site="lab", put_aside=True)["changed"] is False
