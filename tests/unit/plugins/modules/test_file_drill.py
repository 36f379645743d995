"""The Ansible module `file_drill`, over a drill that brings nothing back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils.file_drill import FileDrilling
from ansible_collections.traumalink.ops.plugins.module_utils.file_proof import FileDrill, FileProof
from ansible_collections.traumalink.ops.plugins.module_utils.restic import FilesError
from ansible_collections.traumalink.ops.plugins.modules import file_drill
from backup_samples import NOW


def result(host: str, reason: str = "") -> FileDrill:
    """Return how the drill of a host went."""
    return FileDrill.of(FileProof(host, "9cb28017", NOW, 3, 70), NOW, 2.0, 3, 70, reason)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give a call of the module with these results, or this error."""

    def run(outcome: list[FileDrill] | Exception, check_mode: bool = False) -> dict[str, Any]:
        def drilled(_given: dict[str, Any]) -> list[FileDrill]:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(file_drill, "drilled", drilled)
        given = {
            "repository": "rest:https://ops1:8434",
            "hosts": ["app1"],
            "user": "u",
            "home": "/h",
            "_ansible_check_mode": check_mode,
        }
        with patch_module_args(given), pytest.raises(SystemExit):
            file_drill.main()
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    return run


def test_tells_how_it_went_and_sums_up(call: Any) -> None:
    told = call([result("app1"), result("app2")])
    assert told["changed"] is True
    assert told["figures"] == {"file_hosts": 2, "files": 6, "file_bytes": 140, "file_seconds": 4.0}
    assert told["drills"][0]["drilled_at"] == NOW.isoformat(timespec="seconds")


def test_one_host_that_fails_fails_the_module_with_all_figures(call: Any) -> None:
    told = call([result("app1", "1 file is missing"), result("app2")])
    assert told["failed"]
    assert told["msg"] == "the drill of files failed for app1 (snapshot 9cb28017): 1 file is missing"
    assert told["figures"]["file_hosts"] == 2
    assert call(FilesError("no passphrase"))["msg"] == "no passphrase"
    assert "app1 (snapshot none): nothing" in call([FileDrill("app1", "", NOW, "failed", "nothing", 0.0, 0, 0)])["msg"]


def test_check_mode_brings_nothing_back(call: Any) -> None:
    assert call(FilesError("must not be reached"), check_mode=True)["changed"] is True


def test_results_are_kept_and_each_host_s_own_secrets_open_its_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[FileDrill] = []
    places = []

    def ran(self: FileDrilling, hosts: list[str]) -> list[FileDrill]:
        places.extend(self.repository(host) for host in hosts)
        return [result(host) for host in hosts]

    monkeypatch.setattr(file_drill, "write_drill", kept.append)
    monkeypatch.setattr(file_drill.FileDrilling, "run", ran)
    monkeypatch.setattr("ansible_collections.traumalink.ops.plugins.module_utils.restic.RUNTIME", tmp_path)
    for name in ("crt", "key", "app1.passphrase", "app1.login"):
        (tmp_path / name).write_text(name)
    given = {
        "credentials": tmp_path, "certificate": tmp_path / "crt", "key": tmp_path / "key", "ca_file": "/ca", "user": None,
        "repository": "rest:https://ops1:8434", "home": str(tmp_path), "hosts": ["app1"],
    }  # fmt: skip
    assert file_drill.drilled(given) == kept == [result("app1")]
    assert [(place.repository, place.passphrase, place.login) for place in places] == [
        ("rest:https://ops1:8434/app1", "app1.passphrase", "app1:app1.login")
    ]
    with pytest.raises(FilesError, match=r"app2\.passphrase cannot be read"):
        file_drill.drilled({**given, "hosts": ["app2"]})
