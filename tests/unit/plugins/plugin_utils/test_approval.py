"""An approval as plain data: what may stand in it, what a record keeps of it, and who may sign one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import (
    Approval,
    ApprovalError,
    approver_keys,
    problems,
)
from hypothesis import given
from hypothesis import strategies as st

Keys = Callable[[str], Path]
RELEASE, OTHER = "a1" * 32, "b2" * 32
BEGIN, END = datetime(2026, 11, 28, 14, tzinfo=UTC), datetime(2026, 11, 28, 21, tzinfo=UTC)
MADE = datetime(2026, 11, 25, 8, tzinfo=UTC)
WHOLE = Approval(
    "0123456789abcdef", "example_hospital", "upgrade", RELEASE, "trauma-1.1.0.tar.gz", BEGIN, END, "li_na", MADE, "年度升级"
)  # fmt: skip


def public(path: Path) -> str:
    return path.with_suffix(".pub").read_text()


TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=60)


@given(
    site=st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True),
    name=TEXTS,
    note=TEXTS,
    begin=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - `timezones` adds it
    seconds=st.integers(1, 30 * 86400),
)
def test_a_document_says_all_that_the_approval_says(
    site: str, name: str, note: str, begin: datetime, seconds: int
) -> None:
    begin = begin.replace(microsecond=0)
    end = begin + timedelta(seconds=seconds)
    approval = replace(WHOLE, site=site, subject_name=name, note=note, valid_from=begin, valid_to=end)
    texts = json.loads(approval.document())
    assert problems(texts) == []
    assert texts == {"format": "traumalink-approval-1", **approval.as_text()}
    assert datetime.fromisoformat(texts["valid_to"]) == end


@pytest.mark.parametrize("odd", ["\x1b[31m", "a\u202eb", "x\u2028y", "tab\there", "z" * 501])
def test_what_a_person_reads_holds_nothing_that_deceives(odd: str) -> None:
    (said,) = problems({**WHOLE.as_text(), "note": odd})
    assert said.startswith("note ")
    assert said.isprintable()


def test_a_record_keeps_the_summary() -> None:
    assert WHOLE.summary() == {
        "id": "0123456789abcdef",
        "approver": "li_na",
        "subject": RELEASE,
        "valid_from": "2026-11-28T14:00:00Z",
        "valid_to": "2026-11-28T21:00:00Z",
        "made_at": "2026-11-25T08:00:00Z",
    }


KEY, KEY_2 = "ssh-ed25519 AAAAC3NzaC1lZDI1", "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1l"


def contact(name: str, *keys: str, side: str = "hospital", roles: tuple[str, ...] = ("approver",)) -> dict[str, Any]:
    return {"id": name, "side": side, "roles": list(roles), "signing_keys": list(keys)}


def test_only_approvers_of_the_hospital_with_a_key_may_sign() -> None:
    contacts = [
        contact("li_na", f"{KEY} li@desk\n", KEY_2),
        contact("vendor", "ssh-ed25519 AAAAvendor", side="vendor"),
        contact("recipient", "ssh-ed25519 AAAArecipient", roles=("recipient",)),
        contact("keyless"),
        {"id": "bare"},
    ]
    assert approver_keys(contacts) == {"li_na": [KEY, KEY_2]}
    assert approver_keys([]) == {}


def test_an_approver_shares_a_key_with_nobody() -> None:
    said = r"contract\.contacts: li_na and zhang have the same signing key.*key of their own"
    for other in (contact("zhang", KEY), contact("zhang", f"{KEY} other", side="vendor", roles=("technician",))):
        for contacts in ([contact("li_na", KEY), other], [other, contact("li_na", KEY)]):
            with pytest.raises(ApprovalError, match=said):
                approver_keys(contacts)
    vendor = [contact(name, KEY, side="vendor") for name in ("a", "b")]
    assert approver_keys([*vendor, contact("li_na", KEY_2, KEY_2)]) == {"li_na": [KEY_2, KEY_2]}


@pytest.mark.parametrize(
    "key", ["", "AAAA", 'cert-authority,namespaces="x" ssh-ed25519 AAAA', "ssh-ed25519 AA\x00A", "-----BEGIN x"]
)
def test_a_key_that_is_none_is_named_with_what_to_write(key: str) -> None:
    said = r"^contract\.contacts\[1\]\.signing_keys\[1\]: is no public key, write the line of its \.pub file"
    with pytest.raises(ApprovalError, match=said):
        approver_keys([contact("zhang", KEY_2), contact("li_na", KEY, key)])


@pytest.mark.parametrize("name", ["", "li na", "*", "!li", "a,b", "li\nna"])
def test_an_approver_s_id_cannot_stand_for_others(name: str) -> None:
    with pytest.raises(ApprovalError, match=r"^contract\.contacts\[0\]\.id: .* must be a word, such as li_na"):
        approver_keys([contact(name, KEY)])
