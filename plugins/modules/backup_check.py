#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: check a site's backups, and write the monthly report."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_check
short_description: Check a site's backups, and write the contract's monthly report
description:
  - Runs as root on the repository's host, where the role C(backup_check) has laid its settings down. It looks at the repository, the WAL from each set on,
    proofs, drills, certificates, room and the second copy, and at the ledger's records of the month.
  - Findings do not fail the module; whoever called it decides by RV(problems).
options:
  settings: {description: File that the role backup_check has written., type: path, default: /etc/traumalink/backup_watch.json}
  vault_settings: {description: "File that the role backup has written, where there is a second copy.", type: path, default: /etc/traumalink/vault.json}
  month: {description: "The month of the report, such as C(2026-11); without it that of yesterday.", type: str, default: ""}
  time_zone: {description: The site's time zone., type: str, required: true}
  retention_days: {description: How long backups are to be kept., type: int, required: true}
  files: {description: "Whether every file of the repository, and of the second copy, is read and compared with its checksum.", type: bool, default: true}
  reports: {description: "Folder of the reports on the host; empty for none.", type: path, default: ""}
  reports_user: {description: "System user that makes them and owns them.", type: str, default: traumalink-reports}
  run_id: {description: "The run that makes the report; its files carry it.", type: str, default: ""}
  contract: {description: "The contract's title by language.", type: dict, default: {}}
  ledger: {description: Where the ledger lies., type: path, default: /var/lib/traumalink-ledger}
  ledger_user: {description: The system user whose ledger it is., type: str, default: traumalink-ledger}
attributes:
  check_mode: {support: full, description: Looks and judges; writes no report.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Check the backups
  traumalink.ops.backup_check:
    time_zone: Asia/Shanghai
    retention_days: 7
    reports: /var/lib/traumalink-reports
    run_id: "{{ operation_run_id }}"
"""

RETURN = r"""
problems: {description: "What was found and must not be so, a line each with what to do, the gravest first.", returned: success, type: list, elements: str}
month: {description: The month., returned: success, type: str}
figures: {description: Figures for the record., returned: success, type: dict}
artefacts: {description: "The reports: name, sha256, size_bytes.", returned: success, type: list, elements: dict}
"""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.backup_check import (
    Asked,
    check,
    history_from,
    history_of,
    month_asked,
    write_reports,
)
from ansible_collections.traumalink.ops.plugins.module_utils.backup_look import limits_of, look_of
from ansible_collections.traumalink.ops.plugins.module_utils.backup_month import History
from ansible_collections.traumalink.ops.plugins.module_utils.backup_report_page import Heading
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.pgbackrest import PgBackRest
from ansible_collections.traumalink.ops.plugins.module_utils.system_user import as_user
from ansible_collections.traumalink.ops.plugins.module_utils.vault import vault_of

NOTHING: dict[str, Any] = {"changed": False, "problems": [], "month": "", "figures": {}, "artefacts": []}


def carry_out(given: dict[str, Any], settings: dict[str, Any], now: datetime, check_mode: bool) -> dict[str, Any]:
    """Return the result. Raises OpsError."""
    try:
        zone = ZoneInfo(given["time_zone"])
    except (ZoneInfoNotFoundError, ValueError):
        raise OpsError(
            f"time_zone {given['time_zone']!r} is not known on this host; see that tzdata is installed"
        ) from None
    asked = Asked(month_asked(given["month"], zone, now), zone, given["retention_days"], given["files"])
    engine = PgBackRest(run, settings["stanza"], settings["user"], Path(settings["repository_path"]))

    def read(begins: datetime, ends: datetime, covered_since: datetime) -> History:
        def history() -> dict[str, Any]:
            with Ledger.opened(Path(given["ledger"]), dry_run=check_mode) as ledger:
                return history_of(ledger.store, begins, ends, covered_since)

        return history_from(as_user(given["ledger_user"], history, may_be_missing=check_mode))

    second = Path(given["vault_settings"])
    # Where it was never laid down, the watch says that nothing is heard of the second copy.
    vault = (
        vault_of(json.loads(second.read_text(encoding="utf-8")), run, now)
        if settings["vault"] and second.exists()
        else None
    )
    checked = check(look_of(settings, engine, now), limits_of(settings), asked, read, vault)
    artefacts: list[dict[str, Any]] = []
    if given["reports"] and not check_mode:
        pages = checked.pages(Heading(given["contract"], settings["site"], given["run_id"]))
        folder = Path(given["reports"], "backup", asked.month)
        name = f"backup-{asked.month}-{given['run_id'] or f'{now:%Y%m%d-%H%M%S}'}"
        made = as_user(
            given["reports_user"],
            lambda: {"artefacts": write_reports(folder, name, pages, partial(run, user=given["reports_user"]))},
        )
        artefacts = made["artefacts"]
    return {
        "changed": bool(artefacts),
        "problems": checked.problems,
        "month": asked.month,
        "figures": checked.figures(),
        "artefacts": artefacts,
    }


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "settings": {"type": "path", "default": "/etc/traumalink/backup_watch.json"},
            "vault_settings": {"type": "path", "default": "/etc/traumalink/vault.json"},
            "month": {"type": "str", "default": ""},
            "time_zone": {"type": "str", "required": True},
            "retention_days": {"type": "int", "required": True},
            "files": {"type": "bool", "default": True},
            "reports": {"type": "path", "default": ""},
            "reports_user": {"type": "str", "default": "traumalink-reports"},
            "run_id": {"type": "str", "default": ""},
            "contract": {"type": "dict", "default": {}},
            "ledger": {"type": "path", "default": "/var/lib/traumalink-ledger"},
            "ledger_user": {"type": "str", "default": "traumalink-ledger"},
        },
        supports_check_mode=True,
    )
    given, settings = module.params, Path(module.params["settings"])
    if module.check_mode and not settings.exists():
        module.exit_json(**NOTHING)  # a host on which the role would write them first
    try:
        result = carry_out(
            given, json.loads(settings.read_text(encoding="utf-8")), datetime.now(UTC), module.check_mode
        )
    except (OSError, ValueError, KeyError) as error:
        module.fail_json(msg=f"{settings} cannot be used: {error!r}; run traumalink.ops.site")
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
