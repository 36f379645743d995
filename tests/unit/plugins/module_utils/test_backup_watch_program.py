"""The program of the timer: metrics each time, a sign of life only while nothing is critical."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import backup_watch_program
from ansible_collections.traumalink.ops.plugins.module_utils.backup_look import Look, Seen
from ansible_collections.traumalink.ops.plugins.module_utils.backup_status import Facts
from ansible_collections.traumalink.ops.plugins.module_utils.heartbeat import HeartbeatError
from backup_samples import SYSTEM, full, proof, proofs
from watch_samples import SETTINGS

NOW = datetime.now(UTC)
WELL = Facts(now=NOW, system_id=SYSTEM, sets=(full(),), proofs=proofs(proof(0, taken_at=NOW)), archived_at=NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Give the file of the settings; metrics go into the test's folder."""
    path = tmp_path / "watch.json"
    own = {
        "site": "lab",
        "stanza": "lab",
        "user": getpass.getuser(),
        "textfile_directory": str(tmp_path),
        "heartbeat_url": "https://h/x",
    }
    path.write_text(json.dumps({**SETTINGS, **own}))
    return path


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the signs of life that were given."""
    given: list[str] = []
    monkeypatch.setattr(backup_watch_program, "beat", given.append)
    return given


def seeing(monkeypatch: pytest.MonkeyPatch, facts: Facts) -> None:
    """Have the program see these facts."""
    monkeypatch.setattr(Look, "see", lambda _self: Seen(facts))


def test_writes_metrics_and_gives_the_sign_of_life(
    settings: Path, beats: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seeing(monkeypatch, WELL)
    assert backup_watch_program.main([], settings) == 0
    file = settings.parent / "traumalink_backup.prom"
    assert f'traumalink_backup_checked_timestamp_seconds{{site="lab"}} {NOW.timestamp()!r}' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644
    assert beats == ["https://h/x"]
    assert "warning: no drill has brought a backup back yet" in capsys.readouterr().out


def test_what_is_critical_silences_the_sign_of_life_and_still_makes_metrics(
    settings: Path, beats: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seeing(monkeypatch, Facts(now=NOW))
    assert backup_watch_program.main([], settings) == 0
    assert beats == []
    assert 'code="no_backup",severity="critical"} 1' in (settings.parent / "traumalink_backup.prom").read_text()
    assert "critical: there is no backup that counts" in capsys.readouterr().out


def test_without_an_address_no_sign_is_given(settings: Path, beats: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, WELL)
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "heartbeat_url": ""}))
    assert backup_watch_program.main([], settings) == 0
    assert beats == []


def test_a_sign_that_is_not_taken_is_an_error_after_the_metrics(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_url: str) -> None:
        raise HeartbeatError("h did not take the heartbeat: it answered 500")

    seeing(monkeypatch, WELL)
    monkeypatch.setattr(backup_watch_program, "beat", refuse)
    assert backup_watch_program.main([], settings) == 1
    assert "it answered 500" in capsys.readouterr().err
    assert (settings.parent / "traumalink_backup.prom").exists()


@pytest.mark.parametrize("text", [None, "{", "[]", "{}"])
def test_settings_that_cannot_be_used_are_an_error_and_no_sign(
    settings: Path, text: str | None, beats: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    settings.unlink()
    if text is not None:
        settings.write_text(text)
    assert backup_watch_program.main([], settings) == 1
    assert "run traumalink.ops.site" in capsys.readouterr().err
    assert beats == []


def test_an_argument_is_an_error(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backup_watch_program.main(["now"], settings) == 2
    assert "takes no arguments" in capsys.readouterr().err
