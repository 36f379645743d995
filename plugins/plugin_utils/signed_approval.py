# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An approval and its proof: the document as it was signed, its signature, and what both cover.

They come as two files from the hospital, and stand together in the record of the operation that used them, so that an export proves itself.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.record import iso
from ansible_collections.traumalink.ops.plugins.module_utils.signature import (
    MAX_SIGNATURE_BYTES,
    SIGNATURE_SUFFIX,
    Advice,
    SignatureError,
    signer_of,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import (
    FORMAT,
    NAMESPACE,
    WITH_SUBJECT,
    Approval,
    ApprovalError,
    problems,
)

__all__ = ["Signed", "check", "kept", "signed", "verified"]

MAX_DOCUMENT_BYTES = 16 * 1024
ADVICE = Advice(
    signers="the hospital's approvers",
    stranger="Have it made by a contact who is an approver of the hospital, with a key that stands in contract.contacts.",
    damaged="Get the approval and its .sig from the hospital again.",
)
NOBODY = "The contract names nobody who may approve: give a contact with side hospital, role approver and signing_keys."
ARMOUR = re.compile(rb"-----BEGIN SSH SIGNATURE-----([A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----")
LINE_CHARACTERS = 70  # as ssh-keygen writes them


@dataclass(frozen=True)
class Signed:
    """An approval that the contact whom it names has signed: `key` is the fingerprint of the key, `signature` its text (SSHSIG)."""

    approval: Approval
    key: str
    signature: str

    def as_record(self) -> dict[str, str]:
        """Return what an operation's record keeps: fields to ask for, and the document with its signature, which prove them."""
        proof = {"document": self.approval.document().decode(), "signature": self.signature}
        return {**self.approval.summary(), "key": self.key, **proof}


def check(
    document: Path,
    signature: Path | None,
    allowed: Mapping[str, Sequence[str]],
    site: str,
    verb: str,
    subject: str,
    now: datetime,
) -> Signed:
    """Return the approval in `document` when it covers the operation now.

    Args:
        signature: the file of its signature; None: beside it, with `.sig`.
        allowed: contact id to public keys, see `approver_keys`.
        subject: SHA-256 of what the operation is about to use, "" where the verb has no release or plan (see WITH_SUBJECT).
        now: an aware time.

    Raises:
        ApprovalError: missing, damaged, by another signer, for something else, or not valid now; with what to do next.
    """
    found = signed(document, signature, allowed)
    approval, what = found.approval, f"The approval {document.name}"
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
    return found


def _subject(sha256: str) -> str:
    return f"the release or plan with SHA-256 {sha256[:12]}…" if sha256 else "no release or plan"


def verified(document: Path, signature: Path | None, allowed: Mapping[str, Sequence[str]]) -> Approval:
    """Return the approval in `document` when the contact that it names has signed it, whatever it is for. Raises ApprovalError."""
    return signed(document, signature, allowed).approval


def signed(document: Path, signature: Path | None, allowed: Mapping[str, Sequence[str]]) -> Signed:
    """Return the approval in `document` when the contact that it names has signed it, whatever it is for.

    Raises:
        ApprovalError: missing, damaged, or by another signer.
    """
    if not allowed:
        raise ApprovalError(NOBODY)
    content = _read(document, MAX_DOCUMENT_BYTES)
    proof = _read(signature or document.with_name(document.name + SIGNATURE_SUFFIX), MAX_SIGNATURE_BYTES)
    return _signed(content, proof, allowed, document.name, f"The approval {document.name}")


def kept(approval: Mapping[str, Any] | None, allowed: Mapping[str, Sequence[str]]) -> Approval:
    """Return the approval that a record keeps, as plain data, when its document is signed by the contact whom it names; nothing beside it is believed.

    Raises:
        ApprovalError: the record keeps none, or one that is damaged or by another signer.
    """
    document, proof = (str((approval or {}).get(name) or "") for name in ("document", "signature"))
    if not document or not proof:
        raise ApprovalError("the record keeps no signed document")
    if not allowed:
        raise ApprovalError(NOBODY)
    what = "The approval in the record"
    return _signed(document.encode("utf-8", "replace"), proof.encode("utf-8", "replace"), allowed, what, what).approval


def _signed(content: bytes, proof: bytes, allowed: Mapping[str, Sequence[str]], name: str, what: str) -> Signed:
    signers = "\n".join(f"{contact} {key}" for contact, keys in allowed.items() for key in keys)
    with tempfile.TemporaryFile() as data:
        # What was verified is what is read: the file itself may change meanwhile.
        data.write(content)
        data.flush()
        try:
            signer = signer_of(data, proof, signers, NAMESPACE, name, ADVICE)
        except SignatureError as error:
            raise ApprovalError(str(error)) from None
    approval = _parsed(content, what)
    if signer.principal != approval.approver:
        raise ApprovalError(
            f"{what} names {approval.approver} as approver, and {signer.principal} has signed it. Have it made by one person, with their own key."
        )
    return Signed(approval, signer.fingerprint, _armoured(proof, what))


def _armoured(proof: bytes, what: str) -> str:
    """Return a signature's text as ssh-keygen writes it, whatever stands after it in the file."""
    found = ARMOUR.search(proof)
    if not found:
        raise ApprovalError(f"{what} has a damaged signature. {ADVICE.damaged}")
    text = b"".join(found[1].split()).decode("ascii")
    lines = [text[start : start + LINE_CHARACTERS] for start in range(0, len(text), LINE_CHARACTERS)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


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
