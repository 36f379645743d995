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
  - Nothing is applied beside other migrations of the same database (an advisory lock), and nobody waits long behind one that waits for a lock itself.
    libpq gets C(lock_timeout) by C(PGOPTIONS), and programs that set options themselves read C(MIGRATION_LOCK_TIMEOUT_SECONDS); a session of
    the owner that waits a second longer all the same is cancelled. A command that failed since it got no lock in time is started again, with
    pauses that grow from one to thirty seconds. It is known by SQLSTATE C(55P03), or the server's or the driver's words for it, in what it printed; any
    other failure ends the run.
  - Needs C(python3-psycopg2) on the host where anything is pending.
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
  check_only: {description: Only say what is pending., type: bool, default: false}
  lock_timeout_seconds: {description: How long a command may wait for a lock each time., type: float, default: 2}
  lock_attempts: {description: How often a command is started that gets no lock in time., type: int, default: 10}
  lock_wait_seconds: {description: How long to wait for other migrations of the database to end., type: float, default: 60}
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

- name: Ask what an upgrade would apply
  traumalink.ops.release_migrations:
    directory: /opt/trauma/releases/1.1.0
    migrations: "{{ verified.manifest.migrations }}"
    check_only: true
    user: trauma-migration
    database: {host: 192.0.2.21, name: trauma, user: trauma_owner, password: "{{ deploy_database_owner_password }}"}
"""

RETURN = r"""
migrations:
  description: "Each with C(id), C(kind), C(state) (C(applied) before, C(done) now, or C(pending)), C(seconds), and C(attempts), how often it was started."
  returned: success
  type: list
  elements: dict
applied: {description: The ids that this run applied., returned: success, type: list, elements: str}
pending: {description: "The ids that are pending, in check mode or with O(check_only).", returned: success, type: list, elements: str}
pending_by_kind: {description: "The same by kind: C(expand), C(contract), C(breaking).", returned: success, type: dict}
code: {description: "C(release_fault) where the release itself is to blame, as far as can be told here, else empty.", returned: failure, type: str}
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.database_access import DatabaseAccess, passing_password
from ansible_collections.traumalink.ops.plugins.module_utils.database_options import DATABASE_OPTIONS
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.lock_guard import guarding
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import MIGRATION_KINDS, Migration
from ansible_collections.traumalink.ops.plugins.module_utils.migration_lock import holding, open_session
from ansible_collections.traumalink.ops.plugins.module_utils.migrations import (
    MigrationState,
    Release,
    Retries,
    migrate,
    settings_of,
)

GRACE_SECONDS = 1.0  # beyond lock_timeout, before a session is cancelled that does not heed it

MIGRATION_OPTIONS = {
    "id": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": list(MIGRATION_KINDS), "required": True},
    "expected_seconds": {"type": "float", "default": 0},
    "check": {"type": "list", "elements": "str", "required": True},
    "command": {"type": "list", "elements": "str", "required": True},
}


def wanted(given: Mapping[str, Any]) -> list[Migration]:
    """Return the migrations of the wanted kinds."""
    return [
        Migration(**{**entry, "check": tuple(entry["check"]), "command": tuple(entry["command"])})
        for entry in given["migrations"]
        if entry["kind"] in given["kinds"]
    ]


def states(given: Mapping[str, Any], *, check: bool) -> list[MigrationState]:
    """Apply them, or only tell what is pending. Raises OpsError."""
    directory = Path(given["directory"])
    if check and not directory.is_dir():
        # A bare host: nothing is staged yet that could be asked.
        return [MigrationState(migration.id, migration.kind, "pending") for migration in wanted(given)]
    if given["lock_attempts"] < 1:
        raise OpsError(f"lock_attempts {given['lock_attempts']} must be at least 1.")
    access = DatabaseAccess(**given["database"])
    with passing_password(access, given["user"]) as password_file:
        environment = {
            "DATABASE_DSN": access.conninfo(),
            "PGPASSFILE": str(password_file),
            "PYTHONDONTWRITEBYTECODE": "1",
            **settings_of(given["lock_timeout_seconds"]),
        }
        release = Release(directory, run, given["user"], environment, given["timeout_seconds"])
        asked = migrate(release, wanted(given), check=True)
        if check or all(state.state == "applied" for state in asked):
            return asked
        return applied(given, release, access, password_file)


def applied(
    given: Mapping[str, Any], release: Release, access: DatabaseAccess, password_file: Path
) -> list[MigrationState]:
    """Apply them beside no others and so that nobody waits long. Raises OpsError."""
    limit_seconds = given["lock_timeout_seconds"] + GRACE_SECONDS
    with (
        holding(
            lambda: open_session(access, password_file, "traumalink migration lock"), given["lock_wait_seconds"]
        ) as alone,
        guarding(lambda: open_session(access, password_file, "traumalink lock guard"), limit_seconds) as guard,
    ):
        return migrate(release, wanted(given), alone=alone, guard=guard, retries=Retries(given["lock_attempts"]))


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
            "check_only": {"type": "bool", "default": False},
            "lock_timeout_seconds": {"type": "float", "default": 2},
            "lock_attempts": {"type": "int", "default": 10},
            "lock_wait_seconds": {"type": "float", "default": 60},
            "user": {"type": "str", "required": True},
            "timeout_seconds": {"type": "float", "default": 3600},
            "database": {"type": "dict", "options": DATABASE_OPTIONS, "required": True},
        },
        supports_check_mode=True,
    )
    only_asked = module.check_mode or module.params["check_only"]
    try:
        found = states(module.params, check=only_asked)
    except OpsError as error:
        module.fail_json(msg=str(error), code=code_of(error))
    done = [entry.id for entry in found if entry.state == "done"]
    pending = [entry for entry in found if entry.state == "pending"]
    module.exit_json(
        changed=bool(done) or (bool(pending) and not module.params["check_only"]),
        migrations=[asdict(entry) for entry in found],
        applied=done,
        pending=[entry.id for entry in pending],
        pending_by_kind={kind: [entry.id for entry in pending if entry.kind == kind] for kind in MIGRATION_KINDS},
    )


if __name__ == "__main__":
    main()
