#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the report of a patching."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patch_report
short_description: Write the report of a patching as JSON, HTML and PDF
description:
  - Runs as root on C(ops), where the role C(backup_check) has installed what reports need. The pages are in Chinese and in English.
options:
  site: {description: The site's name., type: str, required: true}
  run_id: {description: The run that patched; its files carry it., type: str, required: true}
  time_zone: {description: The site's time zone., type: str, required: true}
  contract: {description: The contract's title by language., type: dict, required: true}
  plan: {description: The approved plan., type: dict, required: true}
  sha256: {description: Its SHA-256., type: str, required: true}
  done: {description: "Host to what P(traumalink.ops.patch_host_result#filter) returned.", type: dict, required: true}
  after: {description: "Host to what M(traumalink.ops.pending_updates) returned at the end.", type: dict, required: true}
  health_before: {description: "Functional modules before, as M(traumalink.ops.module_health) returned them.", type: list, elements: dict, required: true}
  health_after: {description: The same at the end., type: list, elements: dict, required: true}
  figures: {description: Figures as in the record., type: dict, required: true}
  failure: {description: Why it stopped; empty where it came to its end., type: str, default: ""}
  tracker: {description: "C(date) and C(sha256) of the security tracker's file, where O(after) was told by one.", type: dict, default: {}}
  reports: {description: Folder of the reports on the host., type: path, default: /var/lib/traumalink-reports}
  reports_user: {description: System user that makes them and owns them., type: str, default: traumalink-reports}
attributes:
  check_mode: {support: full, description: Writes nothing.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Write the report
  traumalink.ops.patch_report:
    site: my_hospital
    run_id: "{{ operation_run_id }}"
    time_zone: Asia/Shanghai
    contract: {zh: 维护服务, en: Maintenance}
    plan: "{{ patch_compared.plan }}"
    sha256: "{{ patch_compared.sha256 }}"
    done: "{{ patch_done }}"
    after: "{{ found }}"
    health_before: "{{ before.modules }}"
    health_after: "{{ after.modules }}"
    figures: "{{ operation_figures }}"
"""

RETURN = r"""
artefacts: {description: "The files: name, sha256, size_bytes.", returned: success, type: list, elements: dict}
"""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.backup_check import artefact, write_reports
from ansible_collections.traumalink.ops.plugins.module_utils.backup_report_page import Heading
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.patch_report import PatchFacts, report_data
from ansible_collections.traumalink.ops.plugins.module_utils.patch_report_page import patch_page
from ansible_collections.traumalink.ops.plugins.module_utils.report_page import LANGUAGES
from ansible_collections.traumalink.ops.plugins.module_utils.system_user import as_user

FACTS = ("plan", "sha256", "done", "after", "health_before", "health_after", "figures", "failure", "tracker")


def written(given: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Write the report; return its files. Raises OpsError."""
    try:
        zone = ZoneInfo(given["time_zone"])
    except (ZoneInfoNotFoundError, ValueError):
        raise OpsError(
            f"time_zone {given['time_zone']!r} is not known on this host; see that tzdata is installed"
        ) from None
    data = report_data(PatchFacts(**{name: given[name] for name in FACTS}), given["site"], given["run_id"], now)
    heading = Heading(given["contract"], given["site"], given["run_id"])
    pages = {language: patch_page(heading, data, language, zone) for language in LANGUAGES}
    folder, name = Path(given["reports"], "patch"), f"patch-{given['run_id']}"

    def write() -> dict[str, Any]:
        artefacts = write_reports(folder, name, pages, partial(run, user=given["reports_user"]))
        file = folder / f"{name}.json"
        file.write_text(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return {"artefacts": [*artefacts, artefact(file)]}

    found: list[dict[str, Any]] = as_user(given["reports_user"], write)["artefacts"]
    return found


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "site": {"type": "str", "required": True},
            "run_id": {"type": "str", "required": True},
            "time_zone": {"type": "str", "required": True},
            "contract": {"type": "dict", "required": True},
            "plan": {"type": "dict", "required": True},
            "sha256": {"type": "str", "required": True},
            "done": {"type": "dict", "required": True},
            "after": {"type": "dict", "required": True},
            "health_before": {"type": "list", "elements": "dict", "required": True},
            "health_after": {"type": "list", "elements": "dict", "required": True},
            "figures": {"type": "dict", "required": True},
            "failure": {"type": "str", "default": ""},
            "tracker": {"type": "dict", "default": {}},
            "reports": {"type": "path", "default": "/var/lib/traumalink-reports"},
            "reports_user": {"type": "str", "default": "traumalink-reports"},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False, artefacts=[])
    try:
        artefacts = written(module.params, datetime.now(UTC))
    except OpsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, artefacts=artefacts)


if __name__ == "__main__":
    main()
