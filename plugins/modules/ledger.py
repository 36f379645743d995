#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the site's ledger of operations."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ledger
short_description: Open, renew and close operations in the site's ledger, and keep it provable
description:
  - The ledger is an append-only, hash-chained store of records in SQLite on C(ops). Each call is one durable transaction.
  - Whatever the state, the process that touches the file runs as O(user), which root becomes for good first.
  - A call whose answer was lost may be repeated as it was; it gives the same answer and writes nothing twice.
options:
  state:
    description:
      - V(present) makes the ledger of O(site) where there has been none. Where the witness has seen heads (O(heads)), a missing one is lost and does
        not come back empty; O(begin_anew) gives it up.
      - V(opened) opens the operation O(record) with a lease, or says who holds the site (RV(answer)).
      - V(renewed) prolongs the lease of O(run_id).
      - V(closed) closes an operation with its whole record; V(appended) adds the record of one that held no lease (refused, done by hand).
      - V(imported) takes in records that a controller kept while C(ops) was away (O(lines)), line by line.
      - V(verified) walks the chain and fails where an entry does not fit.
      - V(exported) writes every entry to O(path) as JSON Lines.
      - V(head_signed) keeps the countersignature of a head.
    type: str
    required: true
    choices: [present, opened, renewed, closed, appended, imported, verified, exported, head_signed]
  record: {description: "The record, in named fields only (see docs/ledger.md).", type: dict}
  mode:
    description: What may run beside the operation. V(exclusive) nothing, V(shared) other shared ones, V(none) anything.
    type: str
    choices: [exclusive, shared, none]
    default: exclusive
  lease_seconds: {description: How long the operation may go without a renewal; half as long again and it counts as dead., type: float, default: 60}
  settled:
    description:
      - Operations that were cut off and whose units on the hosts have been ended, run id to the reason in words. They are closed as C(interrupted).
      - One that has renewed its lease meanwhile lives and is left alone, unless O(ending) names it.
    type: dict
    default: {}
  ending: {description: Run ids of O(settled) that are ended although they hold their lease., type: list, elements: str, default: []}
  run_id: {description: The operation whose lease is renewed., type: str}
  lines: {description: Records as JSON Lines., type: str}
  heads:
    description:
      - Heads that were kept elsewhere, against which the chain is verified.
      - Where something would be added (V(opened), V(closed), V(appended), V(imported)) the newest is compared first, in the same transaction.
    type: list
    elements: dict
    default: []
    suboptions:
      sequence: {description: Number of the entry., type: int, required: true}
      hash: {description: Its hash., type: str, required: true}
      at: {description: When it was told; not looked at., type: str}
      signature: {description: Its countersignature; not looked at., type: str}
      seen_by: {description: "Who has seen it, for messages; the witness by default.", type: str}
  site: {description: The site's name., type: str}
  begin_anew:
    description:
      - The site's name again, where a ledger that is lost or does not fit any more is given up. What is left of it is put aside under a name with the
        time, and a new one begins with a record that names it and the newest of O(heads). A ledger that fits is refused.
    type: str
    default: ""
  actor: {description: Who begins it anew., type: str, default: ""}
  public_key: {description: "The key (type and base64) that countersigns heads.", type: str}
  sequence: {description: The entry whose head was signed., type: int}
  signature: {description: "The head's SSH signature, namespace C(traumalink-ledger-head).", type: str}
  path: {description: Where the export goes. O(user) must be able to write its folder., type: path}
  directory: {description: Where the ledger lies., type: path, default: /var/lib/traumalink-ledger}
  user: {description: The system user whose ledger it is., type: str, default: traumalink-ledger}
attributes:
  check_mode: {support: full, description: "Gives the answer that it would give, and writes nothing."}
  diff_mode: {support: none, description: A record has no state before.}
seealso:
  - {module: traumalink.ops.ledger_info}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Open the operation
  traumalink.ops.ledger:
    state: opened
    mode: exclusive
    record: "{{ operation_record }}"
  register: opened

- name: Open it after the operations that were cut off have been ended on every host
  traumalink.ops.ledger:
    state: opened
    record: "{{ operation_record }}"
    settled: {20261125-033000-3f9a2c: its unit on db1 was ended after the controller had died}

- name: Close it
  traumalink.ops.ledger:
    state: closed
    record: "{{ operation_record | combine({'outcome': 'success', 'ended_at': '2026-11-25T04:02:11Z'}) }}"

- name: Verify the chain against what the database host keeps
  traumalink.ops.ledger:
    state: verified
    heads: "{{ kept_heads }}"
    public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIClQKJf735BC6pN6A4xgUvBtvGQI3X9toGhlI27nfSXO
"""

RETURN = r"""
answer: {description: "C(acquired), C(busy) or C(unsettled).", returned: O(state=opened), type: str}
message: {description: The answer in words., returned: "O(state=opened), O(state=verified)", type: str}
operations:
  description: >-
    Who holds the site (C(busy)), or whose lease has expired (C(unsettled)); each with C(run_id), C(verb), C(mode), C(actor), C(hosts), C(since),
    C(renewed_at), C(expires_at).
  returned: O(state=opened)
  type: list
  elements: dict
settled: {description: Run ids that this call closed as interrupted., returned: O(state=opened), type: list, elements: str}
head:
  description: "The end of the chain: C(sequence), C(hash), C(at); null where nothing was written."
  returned: "O(state=opened), O(state=closed), O(state=appended), O(state=verified)"
  type: dict
renewed: {description: Whether the lease is still the operation's. If not, it was settled and its work must stop., returned: O(state=renewed), type: bool}
imported: {description: Run ids that came in., returned: O(state=imported), type: list, elements: str}
known: {description: Run ids that were there before., returned: O(state=imported), type: list, elements: str}
remarks: {description: What a person should look at., returned: "O(state=imported), O(state=verified)", type: list, elements: str}
rejected: {description: "Lines that are no closed record or contradict an opening: C(line) and C(why).", returned: O(state=imported), type: list, elements: dict}
anew: {description: Whether the ledger is one that was begun anew after O(heads); these belong aside now., returned: O(state=present), type: bool}
put_aside: {description: Names of the files of the old one., returned: O(state=present), type: list, elements: str}
code:
  description: >-
    Which kind of failure it is: C(no_user), C(no_ledger), C(lost), C(altered), C(damaged), C(full), C(unusable) where the ledger takes nothing in at
    all, C(wrong_record), or empty.
  returned: failure
  type: str
fault: {description: "The first entry that does not fit: C(sequence) and C(what).", returned: O(state=verified), type: dict}
entries: {description: How many entries fit together or were exported., returned: "O(state=verified), O(state=exported)", type: int}
signed_to: {description: Up to which entry a countersignature covers the chain., returned: O(state=verified), type: int}
kept_to: {description: Up to which entry heads kept elsewhere cover the chain., returned: O(state=verified), type: int}
sha256: {description: The SHA-256 of the export., returned: O(state=exported), type: str}
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError, code_of
from ansible_collections.traumalink.ops.plugins.module_utils.lease import Unsettled
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Acquired, Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_begin import begin
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_check import verify
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_reading import note_signature, write_export
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_store import ALTERED
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import read_record
from ansible_collections.traumalink.ops.plugins.module_utils.system_user import as_user

Given = dict[str, Any]


def now() -> datetime:
    """Return the clock of this host."""
    return datetime.now(UTC)


def present(given: Given, check: bool) -> Given:
    """Make the ledger where there has been none, or begin it anew."""
    begun = begin(
        Path(given["directory"]), given["site"], given["heads"], now(),
        anew=given["begin_anew"], actor=given["actor"], dry_run=check,
    )  # fmt: skip
    return {**asdict(begun), "put_aside": list(begun.put_aside)}


def opened(ledger: Ledger, given: Given) -> Given:
    """Open an operation."""
    answer = ledger.acquire(
        read_record(given["record"]), given["mode"], given["lease_seconds"], now(), given["settled"], given["ending"]
    )
    result: Given = {"settled": list(answer.settled), "changed": ledger.added > 0, "head": None, "operations": []}
    if isinstance(answer, Acquired):
        message = f"The operation is open, entry {answer.head.sequence} of the ledger."
        return {**result, "answer": "acquired", "message": message, "head": answer.head.as_dict()}
    unsettled = isinstance(answer, Unsettled)
    operations = answer.operations if isinstance(answer, Unsettled) else answer.holders
    result["operations"] = [lease.as_dict() for lease in operations]
    return {**result, "answer": "unsettled" if unsettled else "busy", "message": answer.message}


def renewed(ledger: Ledger, given: Given) -> Given:
    """Prolong a lease; that is no change of the host."""
    return {"changed": False, "renewed": ledger.renew(given["run_id"], given["lease_seconds"], now())}


def closed(ledger: Ledger, given: Given) -> Given:
    """Close an operation."""
    head = ledger.close(read_record(given["record"]), now())
    return {"changed": ledger.added > 0, "head": head.as_dict()}


def appended(ledger: Ledger, given: Given) -> Given:
    """Add a record that held no lease."""
    head = ledger.append(read_record(given["record"]), now())
    return {"changed": ledger.added > 0, "head": head.as_dict()}


def imported(ledger: Ledger, given: Given) -> Given:
    """Take in a controller's records."""
    result = ledger.import_records(given["lines"].split("\n"), now())
    warnings = [*result.remarks, *(f"line {each.line} did not come in: {each.why}" for each in result.rejected)]
    plain = {name: list(value) for name, value in asdict(result).items()}
    return {"changed": bool(result.imported), **plain, "warnings": warnings}


def verified(ledger: Ledger, given: Given) -> Given:
    """Walk the chain."""
    result = verify(ledger.store, given["heads"], given["public_key"])
    return {"changed": False, "message": result.message, **asdict(result), "warnings": list(result.remarks)}


def exported(ledger: Ledger, given: Given) -> Given:
    """Write all entries to a file."""
    return asdict(write_export(ledger.store, Path(given["path"])))


def head_signed(ledger: Ledger, given: Given) -> Given:
    """Keep a countersignature."""
    return {"changed": note_signature(ledger.store, given["sequence"], given["signature"])}


STATES: dict[str, Callable[[Ledger, Given], Given]] = {
    "opened": opened, "renewed": renewed, "closed": closed, "appended": appended, "imported": imported, "verified": verified,
    "exported": exported, "head_signed": head_signed,
}  # fmt: skip


def answer(given: Given, check: bool) -> Given:
    """Bring the ledger to the state that is asked for; return plain data. Raises OpsError."""
    if given["state"] == "present":
        return present(given, check)
    with Ledger.opened(Path(given["directory"]), dry_run=check, witnessed=given["heads"]) as ledger:
        return STATES[given["state"]](ledger, given)


def main() -> None:
    """Arguments in, one call, result out."""
    head: Given = {"sequence": {"type": "int", "required": True}, "hash": {"type": "str", "required": True}}
    head |= {"at": {"type": "str"}, "signature": {"type": "str"}, "seen_by": {"type": "str"}}
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["present", *STATES]},
            "record": {"type": "dict"},
            "mode": {"type": "str", "choices": ["exclusive", "shared", "none"], "default": "exclusive"},
            "lease_seconds": {"type": "float", "default": 60},
            "settled": {"type": "dict", "default": {}},
            "ending": {"type": "list", "elements": "str", "default": []},
            "run_id": {"type": "str"},
            "lines": {"type": "str"},
            "heads": {"type": "list", "elements": "dict", "default": [], "options": head},
            "site": {"type": "str"},
            "begin_anew": {"type": "str", "default": ""},
            "actor": {"type": "str", "default": ""},
            "public_key": {"type": "str"},
            "sequence": {"type": "int"},
            "signature": {"type": "str"},
            "path": {"type": "path"},
            "directory": {"type": "path", "default": "/var/lib/traumalink-ledger"},
            "user": {"type": "str", "default": "traumalink-ledger"},
        },
        required_if=[
            ("state", "present", ["site"]),
            ("state", "opened", ["record"]),
            ("state", "renewed", ["run_id"]),
            ("state", "closed", ["record"]),
            ("state", "appended", ["record"]),
            ("state", "imported", ["lines"]),
            ("state", "exported", ["path"]),
            ("state", "head_signed", ["sequence", "signature"]),
        ],
        supports_check_mode=True,
    )
    given, check = module.params, module.check_mode
    try:
        result = as_user(given["user"], lambda: answer(given, check), may_be_missing=check)
    except OpsError as error:
        module.fail_json(msg=str(error), code=code_of(error))
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.get("fault"):
        module.fail_json(msg=result["message"], code=ALTERED, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
