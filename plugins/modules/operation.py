#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does all of it on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: operation
short_description: The gate, the lease and the record of an operation
description:
  - Used by the role P(traumalink.ops.operation#role) alone, once a step, delegated to the ops host.
  - V(judged) asks whether the verb may run now; where an approval is brought in, it first brings the records into the ledger
    that the controller kept, since the emergency may be among them. V(opened) takes the lease and opens the record, waiting where the verb may wait, and leaves a process on
    the controller that renews the lease while the playbook lives. V(explained) says why it failed, before anything is undone. V(closed) closes the record,
    or writes that of a refused run.
options:
  state: {description: The step., type: str, choices: [judged, opened, explained, closed], required: true}
  request:
    description: What is asked for; the same in each step.
    type: dict
    required: true
    suboptions:
      verb: {description: The verb., type: str, required: true}
      site: {description: The site's name., type: str, required: true}
      contract: {description: "The contract, as in the variable of that name.", type: raw}
      clauses: {description: Clauses that the verb serves., type: list, elements: str, default: []}
      hosts: {description: Hosts that take part., type: list, elements: str, required: true}
      ops: {description: Name of the ops host., type: str, required: true}
      subject: {description: SHA-256 of the release or plan that the approval must name., type: str, default: ""}
      expected_subject: {description: The SHA-256 that is going to be approved; another one is refused in a preview., type: str, default: ""}
      preview: {description: "Whether, in check mode, what only time or the hospital can give is shown and not refused.", type: bool, default: false}
      approval: {description: "File of the approval on the controller, its signature beside it.", type: str, default: ""}
      emergency_reason: {description: Why this cannot wait., type: str, default: ""}
      emergency_by: {description: Contact of the contract who declares the emergency., type: str, default: ""}
      now: {description: "The moment to take for now, in a rehearsal.", type: str, default: ""}
      rehearsal: {description: "Whether this is a rehearsal, which counts for no obligation.", type: bool, default: false}
      rehearsals_allowed: {description: Whether a rehearsal may change this site., type: bool, default: false}
      restarts: {description: Whether serving processes may be restarted., type: bool, default: false}
      serving: {description: Whether the database whose place is taken still serves., type: bool, default: false}
      expected: {description: "How long work and rollback take, such as V(45m).", type: str, default: ""}
      creates_ledger: {description: "Whether the ledger is made before the record is opened, where there is none.", type: bool, default: false}
      lock_wait: {description: "How long a verb that may wait waits, such as V(6h).", type: str, default: 6h}
      lease_seconds: {description: How long the lease lasts without a renewal., type: int, default: 60}
      controller_records: {description: File on the controller for records while ops cannot be reached., type: path, required: true}
      webhook_format: {description: Form of a webhook's body., type: str, choices: [plain, wecom, dingtalk], default: plain}
      mail_to:
        description: Addresses that are told; of an emergency the hospital's information centre and approvers in O(request.contract) are told besides.
        type: list
        elements: str
        default: []
      webhook: {description: "Whether a webhook is called. Its address is a key, and does not come here.", type: bool, default: false}
      head_mail_to: {description: Addresses that are sent each new head., type: list, elements: str, default: []}
      head_webhook: {description: Whether a webhook is called with each new head., type: bool, default: false}
  countersign_key: {description: Private key that countersigns the ledger's head., type: str, default: ""}
  earlier_seconds:
    description: "RV(earlier_seconds) of the gate, which is then not asked for again; V(opened) takes it for its first attempt alone."
    type: list
    elements: float
  settling: {description: "Operations to settle, as RV(unsettled) named them.", type: list, elements: dict, default: []}
  answers:
    description: What M(traumalink.ops.left_work) answered in a loop over O(settling) and their hosts.
    type: list
    elements: dict
    default: []
  lost_hosts: {description: "Hosts that a person knows to be off, so that nothing works there.", type: list, elements: str, default: []}
  recovery_folder: {description: "Where C(<verb>_recover.yml) lies, which undoes what a cut-off verb may have left half done.", type: str, default: .}
  record: {description: The record as an earlier step returned it., type: dict, default: {}}
  opened: {description: Whether the record was opened., type: bool, default: false}
  away: {description: Whether ops was away when it was opened., type: bool, default: false}
  keeper_file: {description: The keeper's file as O(state=opened) returned it., type: str, default: ""}
  outcome: {description: How it ended., type: str, choices: [success, failed, rolled_back, refused], default: failed}
  failure: {description: Why it failed as O(state=explained) told it; without it the hosts' facts are read., type: str, default: ""}
  undo_failure: {description: Why what was done could not be undone., type: str, default: ""}
  undelivered:
    description: "What was not delivered of the messages so far: C(event), and C(what) in words. Of an emergency's the record tells it."
    type: list
    elements: dict
    default: []
attributes:
  check_mode: {support: full, description: Judges and writes nothing.}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: Ask whether an upgrade may run now
  traumalink.ops.operation:
    state: judged
    request:
      verb: upgrade
      site: "{{ site_name }}"
      contract: "{{ contract }}"
      hosts: "{{ ansible_play_hosts_all }}"
      ops: "{{ groups['ops'] | first }}"
      controller_records: ~/.local/state/traumalink/records.jsonl
  delegate_to: "{{ groups['ops'] | first }}"
  run_once: true
"""

RETURN = r"""
refusal: {description: Why the verb may not run; empty where it may., returned: judged, type: str}
record: {description: The record as it is known then., returned: success, type: dict}
opened: {description: Whether the lease is held and the record open., returned: opened, type: bool}
unsettled: {description: Operations that must be settled first., returned: opened and not opened yet, type: list, elements: dict}
recoveries: {description: Task files that undo what cut-off operations left half done., returned: opened, type: list, elements: str}
waited_seconds: {description: How long it waited for others., returned: opened, type: int}
reason: {description: Why it failed., returned: explained, type: str}
unreached: {description: Hosts that cannot be reached., returned: explained, type: list, elements: str}
ours: {description: "Whether the site is still this operation's; if not, nothing may be undone.", returned: explained, type: bool}
head: {description: "The ledger's new head, countersigned.", returned: opened and closed, type: dict}
keeper_file: {description: Where the keeper of the lease tells its state., returned: opened, type: str}
problem: {description: Why the record could not be written into the ledger; empty where it was., returned: closed, type: str}
message: {description: "How it ended, in words.", returned: closed, type: str}
notices:
  description: >-
    What is told to people: of an emergency and of settled operations, or of the end. Each with C(event), C(subject), C(text), C(mail_to), and C(webhook), the
    body, null where no webhook is called. What nobody is told of is not there.
  returned: opened and closed
  type: list
  elements: dict
head_notices: {description: "What the hospital is told of the new head, to be kept.", returned: closed, type: list, elements: dict}
"""
