# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making an approval on the hospital's side: what is meant, what the person reads before signing, and the two files."""

from __future__ import annotations

import os
import pwd
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from ansible_collections.traumalink.ops.plugins.module_utils.files import TextFile, write_text
from ansible_collections.traumalink.ops.plugins.module_utils.record import iso
from ansible_collections.traumalink.ops.plugins.module_utils.release_folder import digest_of
from ansible_collections.traumalink.ops.plugins.module_utils.signature import SIGNATURE_SUFFIX, public_key, sign
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import (
    LONGEST,
    NAMESPACE,
    WITH_SUBJECT,
    Approval,
    ApprovalError,
    problems,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.emergency_approval import run_id_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.near_words import near
from ansible_collections.traumalink.ops.plugins.plugin_utils.signed_approval import verified
from ansible_collections.traumalink.ops.plugins.plugin_utils.verb_titles import VERB_TITLES, title_of

__all__ = ["made_before", "new_approval", "period", "refuse_other_signer", "statement", "subject_of", "write"]


def period(valid_from: str, valid_to: str, hours: int | None, now: datetime) -> tuple[datetime, datetime]:
    """Return begin and end of validity, as aware times of whole seconds.

    Args:
        valid_from: ISO 8601 with offset; "" is now.
        valid_to: the same; not looked at where `hours` are given.

    Raises:
        ApprovalError: a time is none or has no offset, or it is over already.
    """
    begin = _moment("approve_valid_from", valid_from) if valid_from else now.replace(microsecond=0)
    if hours is not None and not 1 <= hours <= LONGEST / timedelta(hours=1):
        raise ApprovalError(f"approve_hours {hours} must be from 1 to {LONGEST / timedelta(hours=1):.0f}.")
    end = _moment("approve_valid_to", valid_to) if hours is None else begin + timedelta(hours=hours)
    if end <= now:
        raise ApprovalError(f"The approval would be over already, at {iso(end)}; give a time to come.")
    return begin, end


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.replace(microsecond=0).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ApprovalError(f"{name} {text!r} is no time with its offset; write for example 2026-11-28T22:00:00+08:00.")


def subject_of(file: Path) -> str:
    """Return the SHA-256 of the release's archive or of the plan. Raises ApprovalError."""
    try:
        with file.open("rb") as data:
            return digest_of(data)
    except OSError as error:
        raise ApprovalError(
            f"{file} cannot be read ({error.strerror}). Give the release's archive or the plan that is to be approved as approve_subject_file, or its SHA-256 as approve_sha256."
        ) from None


def new_approval(
    *,
    site: str,
    verb: str,
    subject: str,
    subject_name: str,
    valid: tuple[datetime, datetime],
    approver: str,
    note: str,
    now: datetime,
) -> Approval:
    """Return a new approval, not yet signed.

    Raises:
        ApprovalError: with everything that is wrong, one a line.
    """
    approval = Approval(
        secrets.token_hex(8),
        site,
        verb,
        subject.lower(),
        subject_name,
        *valid,
        approver,
        now.replace(microsecond=0),
        note,
    )
    faults = problems(approval.as_text())
    if verb not in VERB_TITLES:
        known = f"one of {', '.join(VERB_TITLES)}"
        faults.append(f"there is no verb {verb!r}; write {near(verb, VERB_TITLES) or known}")
    if verb in WITH_SUBJECT and not subject:
        faults.append(
            f"an approval of {verb} is for one release or plan; give its file as approve_subject_file, or its SHA-256 as approve_sha256"
        )
    if faults:
        raise ApprovalError("\n".join(["This cannot be approved:", *faults]))
    return approval


def refuse_other_signer(approver: str, key: Path, allowed: Mapping[str, Sequence[str]]) -> None:
    """Refuse what the gate would refuse later: a contact who is no approver of the hospital, or a key that is not theirs.

    Raises:
        ApprovalError, SignatureError: with what to do next.
    """
    if approver not in allowed:
        known = f"approvers with a key are: {', '.join(sorted(allowed))}" if allowed else "it has none with a key"
        raise ApprovalError(
            f"{approver} is no approver of the hospital in contract.contacts ({known}). "
            "Give one of them, or have the contract name this contact with side hospital, role approver and signing_keys."
        )
    if public_key(key) not in allowed[approver]:
        raise ApprovalError(
            f"The key {key} is none of {approver}'s signing_keys in contract.contacts. Sign with a key that stands there, "
            "or have the contract name this one."
        )


def statement(approval: Approval, zone: tzinfo = UTC) -> list[str]:
    """Return the lines that the approver reads before signing, in Chinese and English; times in `zone`."""
    title = title_of(approval.verb)
    begin, end = (moment.astimezone(zone).isoformat(" ") for moment in (approval.valid_from, approval.valid_to))
    lines = [
        "批准 Approval",
        f"  站点 site: {approval.site}",
        f"  操作 operation: {title.zh} / {title.en} ({approval.verb})",
    ]
    if run_id := run_id_of(approval):
        lines.append(f"  事后批准，紧急操作编号 afterwards, of the emergency: {run_id}")
    elif approval.subject:
        lines.append(f"  版本或计划 release or plan: {approval.subject_name or '-'}")
        lines.append(f"  SHA-256: {approval.subject}")
    lines += [
        f"  有效期 valid: {begin} 至 to {end}",
        f"  批准人 approver: {approval.approver}",
    ]
    if approval.note:
        lines.append(f"  备注 note: {approval.note}")
    lines.append("  仅限一次操作。 It is good for one operation.")
    return lines


def made_before(approval: Approval, folder: Path, key: Path) -> Path | None:
    """Return the file in `folder` that says the same, signed by the same key; None where there is none.

    Raises:
        SignatureError: the key cannot be read.
    """
    allowed = {approval.approver: [public_key(key)]}
    for path in sorted(folder.glob(f"approval-{approval.site}-{approval.verb}-*.json")):
        try:
            there = verified(path, None, allowed)
        except ApprovalError:
            continue
        if replace(there, id=approval.id, made_at=approval.made_at) == approval:
            return path
    return None


def write(approval: Approval, folder: Path, key: Path) -> Path:
    """Sign an approval with the private key `key` and write it with its signature into `folder`; return the document's path.

    Raises:
        OpsError: the key does not sign, or the folder cannot be written.
    """
    content = approval.document()
    with tempfile.TemporaryDirectory(prefix="traumalink-approval-") as directory:
        draft = Path(directory, "approval")
        draft.write_bytes(content)
        signature = sign(draft, key, NAMESPACE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ApprovalError(f"{folder} cannot be made ({error.strerror}); give another destination.") from None
    document = folder / f"approval-{approval.site}-{approval.verb}-{approval.id}.json"
    owner = pwd.getpwuid(os.geteuid()).pw_name
    # The signature first: without it the document is refused everywhere, and alone it says nothing.
    for path, text in (
        (document.with_name(document.name + SIGNATURE_SUFFIX), signature.decode("ascii")),
        (document, content.decode("utf-8")),
    ):
        write_text(TextFile(path, text, owner))
    verified(document, None, {approval.approver: [public_key(key)]})
    return document
