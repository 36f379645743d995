# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hospital's consent to one operation: a small signed document, who may sign it, and what it covers.

An approval is a canonical JSON document with a detached SSH signature beside it (clause 2.3: an upgrade is agreed with the user
beforehand). That one is used only once is told by the ledger, which sees all operations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.record import iso

__all__ = [
    "FORMAT",
    "LONGEST",
    "NAMESPACE",
    "WITH_SUBJECT",
    "Approval",
    "ApprovalError",
    "approver_keys",
    "problems",
]

FORMAT = "traumalink-approval-1"
NAMESPACE = "traumalink-approval"
LONGEST = timedelta(days=30)
KEPT = ("id", "approver", "subject", "valid_from", "valid_to", "made_at")  # fields that a record has of its own
# DESIGN, "Words": an approval is bound to the release or plan. These verbs cannot run without one.
WITH_SUBJECT = ("deploy", "finalize", "patch", "site", "upgrade")


class ApprovalError(OpsError):
    """An approval is missing, is not by an approver of the hospital, or does not cover the operation; or cannot be made."""


# A field's form, and how to say it. What people read must not hold control characters: see `problems`.
TIME = (r"2[01]\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", "a time such as 2026-11-28T14:00:00Z")
FORMS = {
    "id": (r"[0-9a-f]{16}", "16 hexadecimal digits"),
    "site": (r"[a-z][a-z0-9_]{0,31}", "the site's name: up to 32 lower-case letters, digits and _, a letter first"),
    "verb": (r"[a-z][a-z_]{0,31}", "a verb such as upgrade"),
    "subject": (r"([0-9a-f]{64})?", "a SHA-256: 64 hexadecimal digits"),
    "subject_name": (r".{0,200}", "one line of up to 200 characters"),
    "valid_from": TIME,
    "valid_to": TIME,
    "approver": (r"""[^\s,*?!"'#\\]{1,64}""", "the id of a contact in the contract"),
    "made_at": TIME,
    "note": (r".{0,500}", "one line of up to 500 characters"),
}


@dataclass(frozen=True)
class Approval:
    """What the hospital consents to.

    Attributes:
        id: random, of this approval alone.
        subject: SHA-256 of the release's archive or of the plan, "" where the verb has none; subject_name is for people only.
        valid_from, valid_to, made_at: aware times of whole seconds. At valid_to it is over.
        approver: id of the contact who signs.
    """

    id: str
    site: str
    verb: str
    subject: str
    subject_name: str
    valid_from: datetime
    valid_to: datetime
    approver: str
    made_at: datetime
    note: str = ""

    def as_text(self) -> dict[str, str]:
        """Return the fields as plain texts."""
        return {name: iso(value) if isinstance(value, datetime) else value for name, value in asdict(self).items()}

    def document(self) -> bytes:
        """Return the bytes that are signed: canonical JSON."""
        whole = {"format": FORMAT, **self.as_text()}
        return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def summary(self) -> dict[str, str]:
        """Return what an operation's record keeps of it."""
        return {name: self.as_text()[name] for name in KEPT}


def problems(texts: Mapping[str, str]) -> list[str]:
    """Return what is wrong with an approval's fields as plain texts, each with what to write; empty where nothing is."""
    found = []
    for name, (form, meaning) in FORMS.items():
        value = texts[name]
        # isprintable also refuses what turns the direction of writing: the approver must see what is signed.
        if not re.fullmatch(form, value) or not value.isprintable():
            found.append(f"{name} {value[:80]!r} must be {meaning}")
    if not found:
        try:
            begin, end = (datetime.fromisoformat(texts[name]) for name in ("valid_from", "valid_to"))
            datetime.fromisoformat(texts["made_at"])
        except ValueError as error:
            return [f"there is no such time ({error})"]
        if end <= begin:
            found.append(f"valid_to {iso(end)} must be after valid_from {iso(begin)}")
        elif end - begin > LONGEST:
            found.append(
                f"it would be valid for {(end - begin) / timedelta(days=1):.1f} days; at most {LONGEST.days} are"
            )
    return found


def approver_keys(contacts: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return contact id to public keys (type and base64) of the contacts of the hospital who are approvers and have keys.

    `contacts` is the contract's list as plain data: id, side, roles, signing_keys.

    Raises:
        ApprovalError: a key is none, or an approver's key is another contact's as well (it would not tell who signed).
    """
    allowed: dict[str, list[str]] = {}
    owner: dict[str, str] = {}
    shared: dict[str, set[str]] = {}
    for number, contact in enumerate(contacts):
        name = str(contact.get("id") or "")
        lines = contact.get("signing_keys") or []
        keys = [_public_key(line, f"contacts[{number}].signing_keys[{place}]") for place, line in enumerate(lines)]
        for key in keys:
            if owner.setdefault(key, name) != name:
                shared.setdefault(key, {owner[key]}).add(name)
        if keys and contact.get("side") == "hospital" and "approver" in (contact.get("roles") or []):
            if not re.fullmatch(FORMS["approver"][0], name):
                raise ApprovalError(
                    f"contract.contacts[{number}].id: an approver's id {name!r} must be a word, such as li_na."
                )
            allowed[name] = keys
    for names in shared.values():
        if names & allowed.keys():
            raise ApprovalError(
                f"contract.contacts: {' and '.join(sorted(names))} have the same signing key, so nobody could tell who approved; "
                "give each contact a key of their own (ssh-keygen -t ed25519)."
            )
    return allowed


def _public_key(line: object, path: str) -> str:
    words = str(line).split()
    if (
        len(words) < 2
        or not re.fullmatch(r"(ssh|ecdsa|sk)-[\w@.-]+", words[0])
        or not re.fullmatch(r"[\w+/=]+", words[1])
    ):
        raise ApprovalError(f"contract.{path}: is no public key, write the line of its .pub file: ssh-ed25519 AAAA…")
    return " ".join(words[:2])
