"""The action `site_secrets`: secrets are made once, encrypted, and never shown. With Ansible's own vault and loader."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import AnsibleVaultError, VaultLib, VaultSecret
from ansible_collections.traumalink.ops.plugins.action import site_secrets
from ansible_collections.traumalink.ops.plugins.plugin_utils import controller_action

Act = Callable[..., dict[str, Any]]
VAULT_PASSWORD = b"geheim"


def loader_with(password: bytes | None) -> DataLoader:
    loader = DataLoader()
    if password is not None:
        loader.set_vault_secrets([("default", VaultSecret(password))])
    return loader


def opened(path: Path) -> dict[str, str]:
    """Return what the file holds for who has the vault password."""
    text, result, name = path.read_text().splitlines(), {}, ""
    blocks: dict[str, list[str]] = {}
    for line in text:
        if line.startswith("  "):
            blocks[name].append(line[2:])
        elif ":" in line and not line.startswith("#"):
            name = line.split(":", 1)[0]
            blocks[name] = []
    vault = VaultLib([("default", VaultSecret(VAULT_PASSWORD))])
    for name, lines in blocks.items():
        value = "\n".join(lines)
        result[name] = vault.decrypt(value.encode()).decode() if value.startswith("$ANSIBLE_VAULT") else value
    return result


MADE = ["site_ca_certificate", "site_countersign_public_key", "app_password", "backup_cipher_passphrase"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of the vault file, in a folder that is not there yet."""
    return tmp_path / "group_vars" / "all" / "vault.yml"


@pytest.fixture
def act(path: Path, monkeypatch: pytest.MonkeyPatch) -> Act:
    """Give the action with Ansible's own loader and vault; only connection and templating are left out."""
    monkeypatch.setattr(controller_action.ActionBase, "run", lambda *_arguments: {})

    def call(
        check: bool = False, vault: bool = True, password: bytes = VAULT_PASSWORD, **arguments: Any
    ) -> dict[str, Any]:
        action = site_secrets.ActionModule.__new__(site_secrets.ActionModule)
        given = {"path": str(path), "passwords": ["app_password", "backup_cipher_passphrase"], "authority": "示例医院"}
        given = {name: value for name, value in {**given, **arguments}.items() if value is not None}
        action._task = SimpleNamespace(args=given, check_mode=check)
        action._play_context = SimpleNamespace(check_mode=check)
        action._loader = loader_with(password if vault else None)
        result: dict[str, Any] = action.run(task_vars={})
        return result

    return call


def test_makes_every_secret_encrypted_into_a_private_file(act: Act, path: Path) -> None:
    result = act()
    assert result == {"changed": True, "made": MADE}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_uid == os.geteuid()
    values = opened(path)
    assert set(values) == {*MADE, "site_ca_private_key", "site_countersign_key"}
    assert values["site_ca_certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert values["site_ca_private_key"].startswith("-----BEGIN PRIVATE KEY-----")
    assert len(values["app_password"]) >= 43
    assert values["app_password"] != values["backup_cipher_passphrase"]
    text = path.read_text()
    assert text.count("$ANSIBLE_VAULT;") == 4
    for secret in ("site_ca_private_key", "site_countersign_key", "app_password", "backup_cipher_passphrase"):
        assert values[secret] not in text
        assert values[secret] not in repr(result)


def test_second_time_changes_nothing(act: Act, path: Path) -> None:
    act()
    before = path.read_bytes()
    assert act() == {"changed": False, "made": []}
    assert path.read_bytes() == before


def test_a_further_secret_leaves_the_others_to_the_letter(act: Act, path: Path) -> None:
    act()
    before = path.read_text()
    assert act(passwords=["app_password", "report_password"])["made"] == ["report_password"]
    assert path.read_text().startswith(before)
    assert "report_password" in opened(path)


def test_another_vault_password_than_the_file_s_is_refused(act: Act, path: Path) -> None:
    act()
    before = path.read_bytes()
    with pytest.raises(AnsibleActionFail, match=r"does not open app_password in .*vault\.yml; give the one with"):
        act(password=b"another", passwords=["app_password", "report_password"])
    assert path.read_bytes() == before


def test_a_relative_path_is_meant_from_where_the_person_stands(
    act: Act, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    act(path="vault.yml")
    assert act(path="vault.yml") == {"changed": False, "made": []}
    assert "app_password" in opened(tmp_path / "vault.yml")


def test_what_a_person_wrote_is_kept(act: Act, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("---\n# ours\napp_password: chosen")
    assert act()["made"] == ["site_ca_certificate", "site_countersign_public_key", "backup_cipher_passphrase"]
    assert path.read_text().startswith("---\n# ours\napp_password: chosen\n")
    loaded = loader_with(VAULT_PASSWORD).load_from_file(str(path), cache="none")
    assert next(iter(loaded.values())) == "chosen"
    assert len(loaded) == 6


@pytest.mark.parametrize("exists", [False, True])
def test_check_mode_names_and_writes_nothing(act: Act, path: Path, exists: bool) -> None:
    if exists:
        act(passwords=["app_password"])
    before = path.read_bytes() if exists else None
    made = act(check=True)["made"]
    assert made == (["backup_cipher_passphrase"] if exists else MADE)
    assert (path.read_bytes() if path.exists() else None) == before
    assert exists or not path.parent.exists()


def test_refuses_without_a_vault_password_before_anything_is_written(act: Act, path: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="no vault password was given; add --ask-vault-pass"):
        act(vault=False)
    assert not path.parent.exists()


@pytest.mark.parametrize("check", [False, True])
def test_refuses_to_add_to_a_file_that_is_encrypted_as_a_whole(act: Act, path: Path, check: bool) -> None:
    path.parent.mkdir(parents=True)
    vault = VaultLib([("default", VaultSecret(VAULT_PASSWORD))])
    whole = vault.encrypt("app_password: chosen\n")
    path.write_bytes(whole)
    with pytest.raises(AnsibleActionFail, match=r"vault\.yml is encrypted as a whole"):
        act(check)
    assert path.read_bytes() == whole


def test_reads_a_file_that_is_encrypted_as_a_whole(act: Act, path: Path) -> None:
    act()
    vault = VaultLib([("default", VaultSecret(VAULT_PASSWORD))])
    path.write_bytes(vault.encrypt(path.read_bytes()))
    assert act() == {"changed": False, "made": []}


def test_says_that_the_secrets_cannot_be_encrypted(act: Act, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> bytes:
        raise AnsibleVaultError("no cipher")

    monkeypatch.setattr(VaultLib, "encrypt", refuse)
    with pytest.raises(AnsibleActionFail, match="the secrets cannot be encrypted: no cipher"):
        act()
    assert not path.exists()


@pytest.mark.parametrize("arguments", [{"path": None}, {"passwords": None}, {"authority": None}, {"surprise": "x"}])
def test_refuses_other_arguments(act: Act, path: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(AnsibleError):
        act(**arguments)
    assert not path.exists()
