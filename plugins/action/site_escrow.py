# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin: put all secrets of a site into one file that a password of its own opens, on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml
from ansible.errors import AnsibleActionFail
from ansible.parsing.vault import AnsibleVaultError, VaultHelper, VaultLib
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.files import TextFile, write_text
from ansible_collections.traumalink.ops.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.traumalink.ops.plugins.plugin_utils.escrow import bundle_text, bundle_values

VAULT_ID = "escrow"


class ActionModule(ControllerAction):
    """Paths in, names of what is in the bundle out; the values only ever stand in the file."""

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "path": {"type": "path", "required": True},
        "secrets": {"type": "path", "required": True},
        "site": {"type": "str", "required": True},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Write the bundle and open it again; refuse before anything is written."""
        path, secrets = Path(given["path"]).absolute(), Path(given["secrets"]).absolute()
        vault: VaultLib = self._loader._vault
        escrow = escrow_password(vault)
        own = VaultLib([(VAULT_ID, escrow)])
        if not secrets.is_file():
            raise AnsibleActionFail(
                f"{secrets} is not there; give the site's vault file, or make it with traumalink.ops.secrets"
            )
        try:
            values = bundle_values(
                opened(self._loader.load_from_file(str(secrets), cache="none") or {}, vault, secrets)
            )
        except OpsError as error:
            raise AnsibleActionFail(f"{error}. Nothing was changed") from error
        changed = held(path, own) != values
        if changed and not self._play_context.check_mode:
            ciphertext = own.encrypt(bundle_text(given["site"], values), secret=escrow, vault_id=VAULT_ID).decode(
                "ascii"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(TextFile(path, ciphertext, owner=path.parent.owner(), mode=0o600))
            if held(path, own) != values:  # what cannot be opened again is no escrow
                raise AnsibleActionFail(
                    f"{path} was written and does not open again with its password; look at the disk, and run again"
                )
        return {"changed": changed, "names": sorted(values)}


def escrow_password(vault: VaultLib) -> Any:
    """Return the bundle's own password.

    Raises:
        AnsibleActionFail: none was given, or it is the site's.
    """
    found = [secret for name, secret in vault.secrets or [] if name == VAULT_ID]
    if not found:
        raise AnsibleActionFail(
            f"no password for the bundle was given; add --vault-id {VAULT_ID}@prompt beside the site's vault password"
        )
    if any(name != VAULT_ID and secret.bytes == found[0].bytes for name, secret in vault.secrets):
        raise AnsibleActionFail(
            "the bundle's password is the site's own vault password; choose another one for the hospital's safe"
        )
    return found[0]


def opened(values: Any, vault: VaultLib, path: Path) -> Any:
    """Return values with all that is encrypted in them decrypted.

    Raises:
        AnsibleActionFail: a value does not open.
    """
    if isinstance(values, Mapping):
        return {str(name): opened(value, vault, path) for name, value in values.items()}
    if isinstance(values, list | tuple):
        return [opened(value, vault, path) for value in values]
    try:
        ciphertext = VaultHelper.get_ciphertext(values, with_tags=False)
        return vault.decrypt(ciphertext).decode("utf-8") if ciphertext else plain(values)
    except AnsibleVaultError as error:
        raise AnsibleActionFail(
            f"the vault password that was given does not open all of {path}; give the site's own as well. Nothing was changed"
        ) from error


def plain(value: Any) -> Any:
    """Return a value without what Ansible ties to it, so that YAML can write it."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return None if value is None else str(value)


def held(path: Path, own: VaultLib) -> Any:
    """Return what a bundle holds, None where there is none.

    Raises:
        AnsibleActionFail: the password does not open it; it may be another site's.
    """
    if not path.exists():
        return None
    try:
        return yaml.safe_load(own.decrypt(path.read_bytes()))
    except AnsibleVaultError as error:
        raise AnsibleActionFail(
            f"{path} is there and this password does not open it; give another path, or the password with which it was made"
        ) from error
