"""A new site's secrets: encrypted, private to their owner, and never made anew."""

import subprocess

import yaml
from flows import LAB, converge

VAULT = LAB / "new_site" / "vault.yml"
NAMES = {
    "site_ca_private_key",
    "site_countersign_key",
    "backup_cipher_passphrase",
    "deploy_database_owner_password",
    "deploy_database_user_password",
    "file_backup_passphrase",
    "postgresql_report_password",
}


class Loader(yaml.SafeLoader):
    """Reads vault values as what they are."""


Loader.add_constructor("!vault", lambda loader, node: ("vault", loader.construct_scalar(node)))


def test_every_secret_is_encrypted_and_only_the_public_halves_are_readable():
    content = yaml.load(VAULT.read_text(), Loader)  # noqa: S506 - a safe loader with one more tag
    assert {name for name, value in content.items() if value[0] == "vault"} == NAMES
    assert all(value[1].startswith("$ANSIBLE_VAULT;") for value in content.values() if value[0] == "vault")
    assert content.keys() - NAMES == {"site_ca_certificate", "site_countersign_public_key"}
    assert VAULT.stat().st_mode & 0o777 == 0o600


def test_the_vault_password_opens_them():
    argv = [
        "ansible",
        "localhost",
        "-e",
        f"@{VAULT}",
        "-m",
        "debug",
        "-a",
        "msg={{ backup_cipher_passphrase | length }}",
    ]
    assert '"msg": 43' in subprocess.run(argv, capture_output=True, text=True, check=True).stdout.replace(
        "msg: 43", '"msg": 43'
    )


def test_a_missing_secret_is_added_and_the_others_stay_to_the_letter():
    text = VAULT.read_text()
    begin = text.index("deploy_database_user_password")
    end = text.index("file_backup_passphrase")
    VAULT.write_text(text[:begin] + text[end:])
    run = converge()
    assert run.succeeded, run.output
    assert run.changed == {"localhost": 1}
    after = VAULT.read_text()
    assert after.startswith(text[:begin] + text[end:])
    assert "deploy_database_user_password: !vault" in after


def test_without_a_vault_password_nothing_is_made():
    VAULT.rename(VAULT.with_suffix(".kept"))
    try:
        from flows import SCENARIO, play

        run = play(SCENARIO / "converge.yml", ANSIBLE_VAULT_PASSWORD_FILE="")
        assert run.status != 0
        assert run.says("no vault password was given; add --ask-vault-pass or --vault-password-file")
        assert not VAULT.exists()
    finally:
        VAULT.with_suffix(".kept").rename(VAULT)
