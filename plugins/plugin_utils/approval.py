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
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.signature import (
    MAX_SIGNATURE_BYTES,
    SIGNATURE_SUFFIX,
    Advice,
    SignatureError,
    signer_of,
)

__all__ = [
    "LONGEST",
    "NAMESPACE",
    "WITH_SUBJECT",
    "Approval",
    "ApprovalError",
    "approver_keys",
    "check",
    "iso",
    "problems",
    "verified",
]

FORMAT = "traumalink-approval-1"
NAMESPACE = "traumalink-approval"
LONGEST = timedelta(days=30)
# DESIGN, "Words": an approval is bound to the release or plan. These verbs cannot run without one.
WITH_SUBJECT = ("deploy", "finalize", "patch", "site", "upgrade")
MAX_DOCUMENT_BYTES = 16 * 1024
ADVICE = Advice(
    signers="the hospital's approvers",
    stranger="Have it made by a contact who is an approver of the hospital, with a key that stands in contract.contacts.",
    damaged="Get the approval and its .sig from the hospital again.",
)


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


def iso(moment: datetime) -> str:
    """Return an aware time as an approval writes it: UTC, whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


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
        return {name: self.as_text()[name] for name in ("id", "approver", "subject", "valid_from", "valid_to")}


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
    for contact in contacts:
        name = str(contact.get("id") or "")
        keys = [_public_key(line, name) for line in contact.get("signing_keys") or []]
        for key in keys:
            if owner.setdefault(key, name) != name:
                shared.setdefault(key, {owner[key]}).add(name)
        if keys and contact.get("side") == "hospital" and "approver" in (contact.get("roles") or []):
            if not re.fullmatch(FORMS["approver"][0], name):
                raise ApprovalError(f"contract.contacts: an approver's id {name!r} must be a word, such as li_na.")
            allowed[name] = keys
    for names in shared.values():
        if names & allowed.keys():
            raise ApprovalError(
                f"contract.contacts: {' and '.join(sorted(names))} have the same signing key, so nobody could tell who approved; "
                "give each contact a key of their own (ssh-keygen -t ed25519)."
            )
    return allowed


def _public_key(line: object, contact: str) -> str:
    words = str(line).split()
    if (
        len(words) < 2
        or not re.fullmatch(r"(ssh|ecdsa|sk)-[\w@.-]+", words[0])
        or not re.fullmatch(r"[\w+/=]+", words[1])
    ):
        raise ApprovalError(
            f"contract.contacts: a signing key of {contact} is no public key; write the line of its .pub file: ssh-ed25519 AAAA…"
        )
    return " ".join(words[:2])


def check(
    document: Path,
    signature: Path | None,
    allowed: Mapping[str, Sequence[str]],
    site: str,
    verb: str,
    subject: str,
    now: datetime,
) -> tuple[Approval, str]:
    """Return the approval in `document` when it covers the operation now, and the fingerprint of the key that signed it.

    Args:
        signature: the file of its signature; None: beside it, with `.sig`.
        allowed: contact id to public keys, see `approver_keys`.
        subject: SHA-256 of what the operation is about to use, "" where the verb has no release or plan (see WITH_SUBJECT).
        now: an aware time.

    Raises:
        ApprovalError: missing, damaged, by another signer, for something else, or not valid now; with what to do next.
    """
    approval, key = signed(document, signature, allowed)
    what = f"The approval {document.name}"
    again = "Have another one made by the hospital with traumalink.ops.approve."
    if approval.site != site:
        raise ApprovalError(f"{what} is for the site {approval.site}, not for {site}. {again}")
    if approval.verb != verb:
        raise ApprovalError(f"{what} is for {approval.verb}, not for {verb}. {again}")
    if verb in WITH_SUBJECT and not subject:
        raise ApprovalError(
            f"{verb} is approved for one release or plan, and this run names none. See that its archive or plan can be read on the controller."
        )
    if approval.subject != subject:
        meant = f"{_subject(approval.subject)}{f' ({approval.subject_name})' if approval.subject_name else ''}"
        raise ApprovalError(f"{what} is for {meant}, not for {_subject(subject)}. {again}")
    if now < approval.valid_from:
        raise ApprovalError(
            f"{what} is not valid before {iso(approval.valid_from)}; it is {iso(now)} now. Wait, or: {again}"
        )
    if now >= approval.valid_to:
        raise ApprovalError(f"{what} expired at {iso(approval.valid_to)}; it is {iso(now)} now. {again}")
    return approval, key


def _subject(sha256: str) -> str:
    return f"the release or plan with SHA-256 {sha256[:12]}…" if sha256 else "no release or plan"


def verified(document: Path, signature: Path | None, allowed: Mapping[str, Sequence[str]]) -> Approval:
    """Return the approval in `document` when the contact that it names has signed it, whatever it is for. Raises ApprovalError."""
    return signed(document, signature, allowed)[0]


def signed(document: Path, signature: Path | None, allowed: Mapping[str, Sequence[str]]) -> tuple[Approval, str]:
    """Return the approval in `document` when the contact that it names has signed it, whatever it is for, and the key's fingerprint.

    Raises:
        ApprovalError: missing, damaged, or by another signer.
    """
    if not allowed:
        raise ApprovalError(
            "The contract names nobody who may approve: give a contact with side hospital, role approver and signing_keys."
        )
    content = _read(document, MAX_DOCUMENT_BYTES)
    proof = _read(signature or document.with_name(document.name + SIGNATURE_SUFFIX), MAX_SIGNATURE_BYTES)
    signers = "\n".join(f"{contact} {key}" for contact, keys in allowed.items() for key in keys)
    what = f"The approval {document.name}"
    with tempfile.TemporaryFile() as data:
        # What was verified is what is read: the file itself may change meanwhile.
        data.write(content)
        data.flush()
        try:
            signer = signer_of(data, proof, signers, NAMESPACE, document.name, ADVICE)
        except SignatureError as error:
            raise ApprovalError(str(error)) from None
    approval = _parsed(content, what)
    if signer.principal != approval.approver:
        raise ApprovalError(
            f"{what} names {approval.approver} as approver, and {signer.principal} has signed it. Have it made by one person, with their own key."
        )
    return approval, signer.fingerprint


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(most_bytes + 1)
    except OSError as error:
        raise ApprovalError(
            f"{path} cannot be read ({error.strerror}). The hospital makes an approval with traumalink.ops.approve; "
            f"copy both files, the approval and its {SIGNATURE_SUFFIX}, into one folder."
        ) from None
    if len(content) > most_bytes:
        raise ApprovalError(f"{path} is longer than {most_bytes} bytes, so it is no approval. {ADVICE.damaged}")
    return content


def _parsed(content: bytes, what: str) -> Approval:
    names = [field.name for field in fields(Approval)]
    try:
        texts = json.loads(content)
    except (ValueError, RecursionError):
        raise ApprovalError(f"{what} is damaged: it is not JSON. {ADVICE.damaged}") from None
    if not isinstance(texts, dict) or texts.get("format") != FORMAT:
        raise ApprovalError(
            f"{what} is not in the format {FORMAT}. Have it made with traumalink.ops.approve of this version."
        )
    if texts.keys() != {"format", *names} or not all(isinstance(value, str) for value in texts.values()):
        raise ApprovalError(f"{what} is damaged: its fields are not those of {FORMAT}. {ADVICE.damaged}")
    if faults := problems(texts):
        raise ApprovalError(f"{what} is damaged: {'; '.join(faults)}. {ADVICE.damaged}")
    times = {name: datetime.fromisoformat(texts[name]) for name in ("valid_from", "valid_to", "made_at")}
    approval = Approval(**{**{name: texts[name] for name in names}, **times})
    if approval.document() != content:
        raise ApprovalError(
            f"{what} is damaged: it is not written as traumalink.ops.approve writes it. {ADVICE.damaged}"
        )
    return approval
