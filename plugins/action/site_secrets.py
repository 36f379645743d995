# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: make a site's missing secrets into its vault file, on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.parsing.vault import AnsibleVaultError, VaultHelper, VaultLib
from ansible_collections.traumalink.ops.plugins.module_utils.files import TextFile, write_text
from ansible_collections.traumalink.ops.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.traumalink.ops.plugins.plugin_utils.secrets import (
    missing_secrets,
    new_authority,
    new_password,
    new_signing_key,
    vault_file_text,
)

KEY, CERTIFICATE = "site_ca_private_key", "site_ca_certificate"
COUNTERSIGN_KEY, COUNTERSIGN_PUBLIC_KEY = "site_countersign_key", "site_countersign_public_key"


class ActionModule(ControllerAction):
    """Names in, names of what was made out; the values only ever stand in the file."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "path": {"type": "path", "required": True},
        "passwords": {"type": "list", "elements": "str", "required": True},
        "authority": {"type": "str", "required": True},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Make what is missing; refuse without a vault password, before anything is written."""
        path = Path(given["path"]).absolute()  # from where the person stands, not from the playbook's folder
        vault = self._loader._vault
        if not vault.secrets:
            raise AnsibleActionFail("no vault password was given; add --ask-vault-pass or --vault-password-file")
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        present = (self._loader.load_from_file(str(path), cache="none") if path.exists() else {}) or {}
        refuse_another_password(path, present, vault)
        made = missing_secrets([CERTIFICATE, COUNTERSIGN_PUBLIC_KEY, *given["passwords"]], present)
        if made and before.startswith("$ANSIBLE_VAULT"):
            raise AnsibleActionFail(
                f"{path} is encrypted as a whole, and its secrets are kept one by one; give another path for the new ones, "
                "or run ansible-vault decrypt on it and encrypt each value with ansible-vault encrypt_string"
            )
        if made and not self._play_context.check_mode:
            encrypted = {name: new_password() for name in made if name in given["passwords"]}
            public = {}
            if CERTIFICATE in made:
                encrypted[KEY], public[CERTIFICATE] = new_authority(given["authority"], datetime.now(UTC))
            if COUNTERSIGN_PUBLIC_KEY in made:
                encrypted[COUNTERSIGN_KEY], public[COUNTERSIGN_PUBLIC_KEY] = new_signing_key()
            try:
                text = vault_file_text(before, encrypted, public, lambda plain: vault.encrypt(plain).decode("ascii"))
            except AnsibleVaultError as error:
                raise AnsibleActionFail(f"the secrets cannot be encrypted: {error}") from error
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(TextFile(path, text, owner=path.parent.owner(), mode=0o600))
        return {"changed": bool(made), "made": made}


def refuse_another_password(path: Path, present: Mapping[str, Any], vault: VaultLib) -> None:
    """Refuse a vault password that does not open what the file holds: one file would then need two passwords.

    Raises:
        AnsibleActionFail: the first value that it does not open is named.
    """
    for name, value in present.items():
        try:
            if ciphertext := VaultHelper.get_ciphertext(value, with_tags=False):
                vault.decrypt(ciphertext)
        except AnsibleVaultError as error:
            raise AnsibleActionFail(
                f"the vault password that was given does not open {name} in {path}; give the one with which the file was made. "
                "Nothing was changed"
            ) from error
