"""The verb `approve`: the action by itself, and the whole playbook with an inventory whose contract says who may."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.traumalink.ops.plugins.action import approve
from ansible_collections.traumalink.ops.plugins.plugin_utils import controller_action

Act = Callable[..., dict[str, Any]]
Keys = Callable[[str], Path]


@pytest.fixture
def shown() -> list[str]:
    """Give what the action displays, and with it what lies in the destination at that moment."""
    return []


@pytest.fixture
def act(tmp_path: Path, keys: Keys, shown: list[str], monkeypatch: pytest.MonkeyPatch) -> Act:
    """Give the action with Ansible's own checks of arguments; connection and screen are left out."""
    monkeypatch.setattr(controller_action.ActionBase, "run", lambda *_arguments: {})
    (tmp_path / "trauma-1.1.0.tar.gz").write_bytes(b"archive")
    destination = tmp_path / "approvals"

    def display(text: str) -> None:
        assert not destination.exists() or shown  # before it is signed
        shown.append(text)

    def call(check: bool = False, **arguments: Any) -> dict[str, Any]:
        action = approve.ActionModule.__new__(approve.ActionModule)
        given = {
            "site": "lab",
            "verb": "upgrade",
            "subject_file": str(tmp_path / "trauma-1.1.0.tar.gz"),
            "valid_from": "2099-12-01T22:00:00+08:00",
            "hours": 7,
            "contact": "li_na",
            "key": str(keys("li")),
            "destination": str(destination),
            **arguments,
        }
        action._task = SimpleNamespace(args={k: v for k, v in given.items() if v is not None}, check_mode=check)
        action._display = SimpleNamespace(display=display)
        result: dict[str, Any] = action.run(task_vars={})
        return result

    return call


def test_shows_then_signs_what_the_file_is(act: Act, tmp_path: Path, shown: list[str]) -> None:
    result = act()
    document = Path(result["document"])
    texts = json.loads(document.read_bytes())
    assert result["changed"]
    assert result["signature"] == f"{document}.sig"
    assert Path(result["signature"]).read_text().startswith("-----BEGIN SSH SIGNATURE-----")
    assert result["subject"] == texts["subject"] == hashlib.sha256(b"archive").hexdigest()
    assert (texts["subject_name"], texts["valid_to"]) == ("trauma-1.1.0.tar.gz", "2099-12-01T21:00:00Z")
    assert shown == ["\n".join(result["statement"])]
    assert "2099-12-01 22:00:00+08:00" in shown[0]
    assert sorted(document.parent.iterdir()) == [document, Path(result["signature"])]


def test_an_emergency_is_approved_afterwards_by_its_run_id_alone(act: Act, shown: list[str]) -> None:
    run_id = "20250125-033000-3f9a2c"
    result = act(run_id=run_id, subject_file=None, verb="restore", valid_from=None, hours=None)
    texts = json.loads(Path(result["document"]).read_bytes())
    assert (texts["verb"], texts["subject_name"]) == ("restore", run_id)
    assert texts["subject"] == hashlib.sha256(run_id.encode()).hexdigest()
    valid = [datetime.fromisoformat(texts[name]) for name in ("valid_from", "valid_to")]
    assert valid[1] - valid[0] == timedelta(days=30)
    assert f"事后批准，紧急操作编号 afterwards, of the emergency: {run_id}" in shown[0]
    assert "恢复数据库 / restore of the database (restore)" in shown[0]
    assert "release or plan" not in shown[0]


def test_the_same_command_again_finds_it(act: Act) -> None:
    first = act()
    second = act()
    assert (second["changed"], second["document"]) == (False, first["document"])
    assert act(hours=8)["changed"]


@pytest.mark.parametrize("there", [False, True])
def test_check_mode_shows_and_writes_nothing(act: Act, tmp_path: Path, shown: list[str], there: bool) -> None:
    if there:
        act()
    before = sorted(tmp_path.rglob("*"))
    result = act(check=True)
    assert result["changed"] is not there
    assert ("document" in result) is there
    assert len(shown) == 1 + there
    assert sorted(tmp_path.rglob("*")) == before


def test_relative_paths_are_meant_from_where_the_person_stands(
    act: Act, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = act(subject_file="trauma-1.1.0.tar.gz", destination="here")
    assert Path(result["document"]).parent == tmp_path / "here"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sha256": "a1" * 32}, "Give approve_subject_file or approve_sha256, not both"),
        ({"valid_to": "2099-12-02T05:00:00+08:00"}, "Give either approve_valid_to .* or approve_hours"),
        ({"hours": None}, "Give either approve_valid_to .* or approve_hours"),
        (
            {"subject_file": None},
            "an approval of upgrade is for one release or plan; give its file as approve_subject_file",
        ),
        ({"subject_file": "/none"}, "/none cannot be read"),
        ({"timezone": "Middle/Earth"}, "timezone 'Middle/Earth' is not known; write one such as Asia/Shanghai"),
        ({"run_id": "20261125-033000-3f9a2c"}, "leave approve_subject_file out, which is for what is to come"),
        (
            {"run_id": "20991125-033000-3f9a2c", "subject_file": None},
            r"approve_run_id 20991125-033000-3f9a2c is of 2099-11-25T03:30:00Z, and it is .* here: .* Nothing was signed\.",
        ),
        (
            {"run_id": "yesterday", "subject_file": None},
            "approve_run_id 'yesterday' is no run id; write the emergency's",
        ),
        ({"timezone": "../etc/passwd"}, "is not known"),
        ({"contacts": []}, "li_na is no approver of the hospital"),
        ({"key": "/none"}, "The signing key /none does not exist"),
        ({"site": ""}, "site '' must be the site's name"),
    ],
)
def test_refuses_with_what_to_write_and_signs_nothing(
    act: Act, tmp_path: Path, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(AnsibleActionFail, match=said):
        act(**arguments)
    assert not (tmp_path / "approvals").exists()


@pytest.mark.parametrize("arguments", [{"contact": None}, {"verb": None}, {"surprise": "x"}, {"hours": "long"}])
def test_refuses_other_arguments(act: Act, arguments: dict[str, Any]) -> None:
    with pytest.raises(AnsibleError):
        act(**arguments)


def test_only_an_approver_of_the_contract_with_their_own_key(act: Act, keys: Keys) -> None:
    contacts = [
        {"id": "li_na", "side": "hospital", "roles": ["approver"], "signing_keys": [keys("li").with_suffix(".pub").read_text()]},
        {"id": "zhang", "side": "vendor", "roles": ["approver"], "signing_keys": [keys("zhang").with_suffix(".pub").read_text()]},
    ]  # fmt: skip
    with pytest.raises(AnsibleActionFail, match="zhang is no approver of the hospital"):
        act(contacts=contacts, contact="zhang", key=str(keys("zhang")))
    with pytest.raises(AnsibleActionFail, match="is none of li_na's signing_keys"):
        act(contacts=contacts, key=str(keys("zhang")))
    assert act(contacts=contacts)["changed"]


@pytest.fixture
def play(tmp_path: Path, keys: Keys) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give the playbook with an inventory whose contract names one approver, as the hospital runs it."""
    variables = tmp_path / "inventory" / "group_vars" / "all"
    variables.mkdir(parents=True)
    (tmp_path / "inventory" / "hosts.yml").write_text("all: {hosts: {db1: {}}}\n")
    public = keys("li").with_suffix(".pub")
    contract = {"contacts": [{"id": "li_na", "side": "hospital", "roles": ["approver"], "signing_keys": [f"{{{{ lookup('file', '{public}') }}}}"]}]}  # fmt: skip
    (variables / "contract.yml").write_text(json.dumps({"site_name": "lab", "contract": contract}))
    (tmp_path / "plan.json").write_text("{}")

    def run(**arguments: str) -> subprocess.CompletedProcess[str]:
        given = {
            "approve_verb": "patch",
            "approve_subject_file": "plan.json",
            "approve_hours": "4",
            "approve_contact": "li_na",
            "approve_key": str(keys("li")),
            "approve_destination": "approvals",
            **arguments,
        }
        argv = ["ansible-playbook", "traumalink.ops.approve", "-i", str(tmp_path / "inventory")]
        argv += [word for name, value in given.items() for word in ("-e", f"{name}={value}")]
        environment = {name: value for name, value in os.environ.items() if name != "ANSIBLE_VAULT_PASSWORD_FILE"}
        return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)

    return run


def test_the_playbook_takes_site_and_approvers_from_the_inventory(
    play: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = play()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "安装安全补丁 / installation of security patches (patch)" in done.stdout
    (document,) = (tmp_path / "approvals").glob("approval-lab-patch-*.json")
    assert json.loads(document.read_bytes())["approver"] == "li_na"
    refused = play(approve_contact="zhang")
    assert refused.returncode == 2
    assert "zhang is no approver of the hospital" in refused.stdout + refused.stderr
    assert len(list((tmp_path / "approvals").iterdir())) == 2
