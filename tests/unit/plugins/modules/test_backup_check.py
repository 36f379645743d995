"""The Ansible module `backup_check`."""

from __future__ import annotations

import getpass
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils import backup_check as check_of_backups
from ansible_collections.traumalink.ops.plugins.module_utils import report_page
from ansible_collections.traumalink.ops.plugins.module_utils.backup_look import Look, Seen
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.vault import Vault
from ansible_collections.traumalink.ops.plugins.modules import backup_check
from month_samples import FACTS
from vault_samples import written
from watch_samples import SETTINGS

ARGUMENTS = {
    "time_zone": "Asia/Shanghai",
    "retention_days": 7,
    "files": False,
    "contract": {"zh": "合同", "en": "Contract"},
    "run_id": "20261125-221000-abcdef",
}


@pytest.fixture
def module(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the module over the sample's facts, an empty ledger and a WeasyPrint that writes what it is named."""
    with Ledger.opened(tmp_path, create=True):
        pass
    settings = tmp_path / "watch.json"
    settings.write_text(json.dumps({**SETTINGS, "site": "lab", "stanza": "lab", "user": getpass.getuser()}))
    monkeypatch.setattr(Look, "see", lambda self: Seen(replace(FACTS, now=self.now, vault=None)))

    def weasyprint(argv: list[str], **_options: Any) -> Completed:
        Path(argv[2]).write_bytes(b"%PDF-1.7")
        return Completed(tuple(argv), 0, "", "")

    monkeypatch.setattr(backup_check, "run", weasyprint)

    def call(*, check_mode: bool = False, **changes: Any) -> dict[str, Any]:
        capsys.readouterr()
        own = {
            "settings": str(settings),
            "ledger": str(tmp_path),
            "ledger_user": getpass.getuser(),
            "reports_user": getpass.getuser(),
        }
        given = {**ARGUMENTS, **own, "reports": str(tmp_path / "reports"), **changes}
        with patch_module_args({**given, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
            backup_check.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return call


def test_findings_are_told_and_the_report_is_written(module: Any, tmp_path: Path) -> None:
    result = module()
    assert result["changed"] is True
    assert any("nothing is heard of the second copy" in line for line in result["problems"])
    assert result["figures"]["sets"] == 2
    names = [Path(each["name"]) for each in result["artefacts"]]
    assert [name.name.removeprefix(f"backup-{result['month']}-20261125-221000-abcdef-") for name in names] == [
        "zh.html",
        "zh.pdf",
        "en.html",
        "en.pdf",
    ]
    assert names[0].parent == tmp_path / "reports" / "backup" / result["month"]
    assert "合同" in names[0].read_text()


def test_the_second_copy_is_read_where_its_role_has_laid_it_down(
    module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_of_backups, "repository_damage", lambda *_given: ())
    monkeypatch.setattr(Vault, "damage", lambda self: (f"{self.place}/x",))
    said = "files of the second copy are damaged, gone or cannot be read: /v/x"
    assert any(said in line for line in module(files=True, vault_settings=str(written(tmp_path)))["problems"])
    assert not any(said in line for line in module(files=True, run_id="2", vault_settings="/nowhere.json")["problems"])


def test_check_mode_judges_and_writes_nothing(module: Any, tmp_path: Path) -> None:
    result = module(check_mode=True)
    assert result["problems"]
    assert (result["changed"], result["artefacts"]) == (False, [])
    assert not (tmp_path / "reports").exists()


def test_a_bare_host_in_check_mode_has_nothing_to_be_checked(module: Any, tmp_path: Path) -> None:
    result = module(check_mode=True, settings=str(tmp_path / "none.json"))
    assert (result["problems"], result["changed"]) == ([], False)


def test_without_a_folder_no_report_is_written(module: Any) -> None:
    assert module(reports="")["artefacts"] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time_zone": "Mars/Base"}, "'Mars/Base' is not known on this host"),
        ({"month": "2199-01"}, "must be a year and a month|has not begun"),
        ({"settings": "/nowhere.json"}, "/nowhere.json cannot be used"),
        ({"ledger": "/nowhere"}, "ledger"),
    ],
)
def test_what_cannot_be_carried_out_fails_with_what_to_do(module: Any, changes: dict[str, Any], said: str) -> None:
    result = module(**changes)
    assert result["failed"]
    assert any(word in result["msg"] for word in said.split("|"))


def test_a_host_without_what_makes_reports_says_so(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_page, "jinja2", None)
    assert "python3-jinja2 is missing" in module()["msg"]
