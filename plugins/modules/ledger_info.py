#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: what the site's ledger says."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ledger_info
short_description: Records of the site's ledger, and what follows from them
description:
  - Reads the ledger on C(ops) as its own system user, from one unchanging view.
options:
  gather:
    description:
      - V(records) are whole records, the newest first.
      - V(durations) are the seconds that earlier successes of O(verb) took, the newest first, without rehearsals.
      - V(operations) are those that are open now, with their leases.
    type: str
    choices: [records, durations, operations]
    default: records
  verb: {description: Only this verb., type: str}
  since: {description: "Only what started at this time or later, ISO 8601 with offset.", type: str}
  until: {description: "Only what started before this time, ISO 8601 with offset.", type: str}
  month: {description: "Only what started in this month, such as V(2026-11), instead of O(since) and O(until).", type: str}
  time_zone: {description: The time zone of O(month)., type: str, default: UTC}
  outcome:
    description: Only this outcome; V(open) for operations that have none yet.
    type: str
    choices: [success, failed, rolled_back, refused, interrupted, open]
  query:
    description:
      - JMESPath over one record, as in the contract's obligations. Records for which it is true are kept.
      - Needs the package python3-jmespath on the host; the role C(ledger) installs it.
    type: str
  limit: {description: "At most so many, at least 1.", type: int, default: 1000}
  directory: {description: Where the ledger lies., type: path, default: /var/lib/traumalink-ledger}
  user: {description: The system user whose ledger it is., type: str, default: traumalink-ledger}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
seealso:
  - {module: traumalink.ops.ledger}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: List the month's backups that failed
  traumalink.ops.ledger_info:
    verb: backup
    month: 2026-11
    time_zone: Asia/Shanghai
    query: outcome != 'success'

- name: Ask how long upgrades took
  traumalink.ops.ledger_info:
    gather: durations
    verb: upgrade
"""

RETURN = r"""
records: {description: Whole records., returned: O(gather=records), type: list, elements: dict}
seconds: {description: Durations in seconds., returned: O(gather=durations), type: list, elements: float}
operations:
  description: "Each with C(run_id), C(verb), C(mode), C(actor), C(hosts), C(since), C(renewed_at), C(expires_at)."
  returned: O(gather=operations)
  type: list
  elements: dict
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_reading import durations, records
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_selection import (
    acceptance,
    read_limit,
    read_selection,
)
from ansible_collections.traumalink.ops.plugins.module_utils.system_user import as_user


def answer(given: dict[str, Any], check: bool) -> dict[str, Any]:
    """Return what was asked for. Raises OpsError."""
    limit = read_limit(given["limit"])
    with Ledger.opened(Path(given["directory"]), dry_run=check) as ledger:
        if given["gather"] == "durations":
            return {"seconds": durations(ledger.store, given["verb"], limit)}
        if given["gather"] == "operations":
            return {"operations": [lease.as_dict() for lease in ledger.operations()]}
        accept = acceptance(given["query"])
        return {"records": records(ledger.store, read_selection(given), accept, limit)}


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "gather": {"type": "str", "choices": ["records", "durations", "operations"], "default": "records"},
            "verb": {"type": "str"},
            "since": {"type": "str"},
            "until": {"type": "str"},
            "month": {"type": "str"},
            "time_zone": {"type": "str", "default": "UTC"},
            "outcome": {
                "type": "str",
                "choices": ["success", "failed", "rolled_back", "refused", "interrupted", "open"],
            },
            "query": {"type": "str"},
            "limit": {"type": "int", "default": 1000},
            "directory": {"type": "path", "default": "/var/lib/traumalink-ledger"},
            "user": {"type": "str", "default": "traumalink-ledger"},
        },
        mutually_exclusive=[("month", "since"), ("month", "until")],
        required_if=[("gather", "durations", ["verb"])],
        supports_check_mode=True,
    )
    given, check = module.params, module.check_mode
    try:
        result = as_user(given["user"], lambda: answer(given, check), may_be_missing=check)
    except OpsError as error:
        module.fail_json(msg=str(error), code=code_of(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
