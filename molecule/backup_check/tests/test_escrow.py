"""The bundle for the safe: its own password alone reaches the backups."""

import os
import shutil
import subprocess

from flows import LAB, ROOT, play

VAULT = LAB / "inventory" / "group_vars" / "all" / "vault.yml"


def test_the_bundle_and_its_password_alone_open_the_repository(tmp_path):
    bundle, password = tmp_path / "lab.escrow.yml", tmp_path / "password"
    password.write_text("of the safe\n")
    made = play(
        "escrow", "--vault-id", f"default@{LAB / 'vault_password'}", "--vault-id", f"escrow@{password}",
        "-e", f"secrets_file={VAULT}", "-e", f"secrets_escrow_file={bundle}", ANSIBLE_VAULT_PASSWORD_FILE="",
    )  # fmt: skip
    assert made.succeeded, made.output[-2000:]
    assert bundle.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;escrow")
    # What lies in the safe: the inventory, in which the bundle takes the vault's place, and the password.
    safe = shutil.copytree(LAB / "inventory", tmp_path / "inventory")
    shutil.copy(bundle, safe / "group_vars" / "all" / "vault.yml")
    places, alone = (ROOT / "inventories" / "lab", safe), ("--vault-id", f"escrow@{password}")
    seen = play("drill", "--check", *alone, inventories=places, ANSIBLE_VAULT_PASSWORD_FILE="")
    assert seen.succeeded, seen.output[-3000:]
    without = play("drill", "--check", *alone, ANSIBLE_VAULT_PASSWORD_FILE="")
    assert without.says("The site's secrets cannot be read")
    asked = "stanza=lab user=pgbackrest repository_path=/var/lib/pgbackrest cipher_passphrase={{ backup_cipher_passphrase }}"
    argv = [
        "ansible",
        "ops1",
        "-b",
        *(f"--inventory={place}" for place in places),
        *alone,
        "-m",
        "traumalink.ops.pgbackrest_info",
        "-a",
        asked,
    ]
    environment = {**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment)
    assert '"exists": true' in done.stdout
    assert '"label"' in done.stdout
