#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: apply the migrations of a release."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_migrations
short_description: Apply the migrations of a release that are pending
description:
  - Asks the check of each migration, runs the command of those that are pending, in order, and asks again.
  - Commands run from the release's directory as an unprivileged system user, with the database's address in C(DATABASE_DSN) and the
    password in a file that only this user can read and that is gone afterwards.
options:
  directory: {description: The unpacked release., type: path, required: true}
  migrations:
    description: The migrations as in the release's manifest.
    type: list
    elements: dict
    required: true
    suboptions:
      id: {description: The migration., type: str, required: true}
      kind: {description: What it does., type: str, choices: [expand, contract, breaking], required: true}
      expected_seconds: {description: How long the vendor expects it to take., type: float, default: 0}
      check: {description: "Exits 0 when applied, 1 when pending.", type: list, elements: str, required: true}
      command: {description: "Applies it, again without harm.", type: list, elements: str, required: true}
  kinds: {description: The kinds to apply., type: list, elements: str, choices: [expand, contract, breaking], default: [expand, contract, breaking]}
  user: {description: The system user who runs the commands., type: str, required: true}
  timeout_seconds: {description: How long one command may take., type: float, default: 3600}
extends_documentation_fragment: [traumalink.ops.database]
attributes:
  check_mode: {support: full, description: Runs the checks only.}
  diff_mode: {support: none, description: The release knows what a migration changes.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Migrate the database
  traumalink.ops.release_migrations:
    directory: /opt/trauma/slots/blue
    migrations: "{{ verified.manifest.migrations }}"
    user: trauma-migration
    database: {host: 192.0.2.21, name: trauma, user: trauma_owner, password: "{{ deploy_database_owner_password }}"}
"""

RETURN = r"""
migrations:
  description: "Each migration with C(id), C(kind), C(state) (C(applied) before, C(done) now, C(pending) in check mode) and C(seconds)."
  returned: success
  type: list
  elements: dict
applied: {description: The ids that this run applied., returned: success, type: list, elements: str}
pending: {description: The ids that check mode found pending., returned: success, type: list, elements: str}
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.database_access import DatabaseAccess, passing_password
from ansible_collections.traumalink.ops.plugins.module_utils.database_options import DATABASE_OPTIONS
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import MIGRATION_KINDS, Migration
from ansible_collections.traumalink.ops.plugins.module_utils.migrations import MigrationState, migrate

MIGRATION_OPTIONS = {
    "id": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": list(MIGRATION_KINDS), "required": True},
    "expected_seconds": {"type": "float", "default": 0},
    "check": {"type": "list", "elements": "str", "required": True},
    "command": {"type": "list", "elements": "str", "required": True},
}


def wanted(given: dict[str, Any]) -> list[Migration]:
    """Return the migrations of the wanted kinds."""
    return [
        Migration(**{**entry, "check": tuple(entry["check"]), "command": tuple(entry["command"])})
        for entry in given["migrations"]
        if entry["kind"] in given["kinds"]
    ]


def states(given: dict[str, Any], *, check: bool) -> list[MigrationState]:
    """Apply them, or tell in check mode what is pending. Raises OpsError."""
    directory = Path(given["directory"])
    if check and not directory.is_dir():
        # A bare host: nothing is staged yet that could be asked.
        return [MigrationState(migration.id, migration.kind, "pending") for migration in wanted(given)]
    access = DatabaseAccess(**given["database"])
    with passing_password(access, given["user"]) as password_file:
        environment = {
            "DATABASE_DSN": access.conninfo(),
            "PGPASSFILE": str(password_file),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return migrate(
            wanted(given),
            directory,
            run,
            user=given["user"],
            environment=environment,
            timeout_seconds=given["timeout_seconds"],
            check=check,
        )


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "migrations": {"type": "list", "elements": "dict", "options": MIGRATION_OPTIONS, "required": True},
            "kinds": {
                "type": "list",
                "elements": "str",
                "choices": list(MIGRATION_KINDS),
                "default": list(MIGRATION_KINDS),
            },
            "user": {"type": "str", "required": True},
            "timeout_seconds": {"type": "float", "default": 3600},
            "database": {"type": "dict", "options": DATABASE_OPTIONS, "required": True},
        },
        supports_check_mode=True,
    )
    try:
        found = states(module.params, check=module.check_mode)
    except OpsError as error:
        module.fail_json(msg=str(error))
    applied = [entry.id for entry in found if entry.state == "done"]
    pending = [entry.id for entry in found if entry.state == "pending"]
    module.exit_json(
        changed=bool(applied or pending),
        migrations=[asdict(entry) for entry in found],
        applied=applied,
        pending=pending,
    )


if __name__ == "__main__":
    main()
