"""The action `site_escrow`: one file, a password of its own, and nothing that is shown. With Ansible's own vault and loader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.traumalink.ops.plugins.action import site_escrow
from ansible_collections.traumalink.ops.plugins.plugin_utils import controller_action

Act = Callable[..., dict[str, Any]]
SITE, SAFE = b"of the vendor", b"of the safe"
SECRETS = {
    "backup_cipher_passphrase": "x" * 43,
    "site_ca_private_key": "-----BEGIN\nabc\n-----END\n",
    "operation_webhook_url": "https://h/创",
}


def vault_file(path: Path) -> Path:
    """Write a site's vault file: each value by itself, one of them readable."""
    vault = VaultLib([("default", VaultSecret(SITE))])
    text = "site_ca_certificate: |\n  -----BEGIN CERTIFICATE-----\n  abc\n"
    for name, value in SECRETS.items():
        lines = vault.encrypt(value).decode().strip().splitlines()
        text += f"{name}: !vault |\n" + "".join(f"  {line}\n" for line in lines)
    path.write_text(text)
    return path


def opened(path: Path, password: bytes = SAFE) -> dict[str, Any]:
    """Return what the bundle holds for whoever has its password alone."""
    found: dict[str, Any] = yaml.safe_load(VaultLib([("x", VaultSecret(password))]).decrypt(path.read_bytes()))
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of the bundle, in a folder that is not there yet."""
    return tmp_path / "usb" / "lab.escrow.yml"


@pytest.fixture
def act(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Act:
    """Give the action with Ansible's own loader and vault; only connection and templating are left out."""
    monkeypatch.setattr(controller_action.ActionBase, "run", lambda *_arguments: {})
    secrets = vault_file(tmp_path / "vault.yml")

    def call(check: bool = False, passwords: dict[str, bytes] | None = None, **arguments: Any) -> dict[str, Any]:
        loader = DataLoader()
        given = {"default": SITE, "escrow": SAFE} if passwords is None else passwords
        loader.set_vault_secrets([(name, VaultSecret(password)) for name, password in given.items()])
        action = site_escrow.ActionModule.__new__(site_escrow.ActionModule)
        action._task = SimpleNamespace(
            args={"path": str(path), "secrets": str(secrets), "site": "lab", **arguments}, check_mode=check
        )
        action._play_context = SimpleNamespace(check_mode=check)
        action._loader = loader
        result: dict[str, Any] = action.run(task_vars={})
        return result

    return call


def test_the_bundles_own_password_gives_everything_back_and_the_sites_does_not(act: Act, path: Path) -> None:
    result = act()
    assert result["changed"] is True
    assert opened(path) == {
        "backup_cipher_passphrase": "x" * 43,
        "site_ca_private_key": SECRETS["site_ca_private_key"],
        "site_ca_certificate": "-----BEGIN CERTIFICATE-----\nabc\n",
        "operation_webhook_url": "https://h/创",
    }
    with pytest.raises(Exception, match="Decryption failed"):
        opened(path, SITE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;escrow\n")


def test_ansible_takes_it_as_variables_with_that_password_alone(act: Act, path: Path) -> None:
    act()
    loader = DataLoader()
    loader.set_vault_secrets([("escrow", VaultSecret(SAFE))])
    assert loader.load_from_file(str(path))["backup_cipher_passphrase"] == "x" * 43


def test_a_second_time_changes_nothing_and_a_new_secret_does(act: Act, path: Path, tmp_path: Path) -> None:
    act()
    before = path.read_bytes()
    assert act()["changed"] is False
    assert path.read_bytes() == before
    with (tmp_path / "vault.yml").open("a") as stream:
        stream.write("postgresql_report_password: new\n")
    assert act()["changed"] is True
    assert "new" in opened(path).values()


def test_the_result_names_and_never_shows(act: Act) -> None:
    result = act()
    assert result["names"] == [
        "backup_cipher_passphrase",
        "operation_webhook_url",
        "site_ca_certificate",
        "site_ca_private_key",
    ]
    assert "xxxx" not in str(result)


def test_check_mode_writes_nothing(act: Act, path: Path) -> None:
    assert act(check=True)["changed"] is True
    assert not path.exists()


@pytest.mark.parametrize(
    ("passwords", "said"),
    [
        ({"default": SITE}, "add --vault-id escrow@prompt"),
        ({"default": SITE, "escrow": SITE}, "is the site's own vault password"),
        ({"escrow": SAFE}, "does not open all of"),
        ({}, "add --vault-id escrow@prompt"),
    ],
)
def test_without_both_passwords_nothing_is_written(
    act: Act, path: Path, passwords: dict[str, bytes], said: str
) -> None:
    with pytest.raises(AnsibleActionFail, match=said):
        act(passwords=passwords)
    assert not path.exists()


def test_a_bundle_that_another_password_has_made_is_not_written_over(act: Act, path: Path) -> None:
    act()
    with pytest.raises(AnsibleActionFail, match="is there and this password does not open it"):
        act(passwords={"default": SITE, "escrow": b"another"})
    assert opened(path)


def test_a_vault_that_is_missing_or_lacks_the_passphrase_is_named(act: Act, tmp_path: Path) -> None:
    with pytest.raises(AnsibleActionFail, match=r"nowhere\.yml is not there"):
        act(secrets=str(tmp_path / "nowhere.yml"))
    (tmp_path / "empty.yml").write_text("{}\n")
    with pytest.raises(AnsibleActionFail, match="has no backup_cipher_passphrase"):
        act(secrets=str(tmp_path / "empty.yml"))
