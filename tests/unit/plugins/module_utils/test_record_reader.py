"""Reading a record: what has no field stays out, and every fault is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.record import canonical
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import RecordError, read_record
from hypothesis import given
from hypothesis import strategies as st

Plain = Callable[..., dict[str, Any]]
HASH = "a" * 64
WHOLE = {
    "clauses": ["2.3", "4.6"],
    "ended_at": "2026-11-25T12:00:00+08:00",
    "outcome": "failed",
    "reason": "psql: 连接被拒绝\n  at line 3",
    "window": {"state": "open", "reason": "nightly", "next_open": None, "next_close": "2026-11-25T05:00:00Z"},
    "approval": {
        "id": "k3", "approver": "wang", "subject": HASH, "valid_from": "2026-11-25T00:00:00Z", "valid_to": "2026-11-26T00:00:00Z",
        "key": "SHA256:" + "k" * 43, "made_at": "2026-11-24T08:00:00Z", "document": '{"note":"年度升级"}',
        "signature": "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n",
    },
    "emergency": {"reason": "outage", "by": "wang"},
    "rehearsal": True,
    "versions_before": {"trauma": "1.0.0"},
    "versions_after": {"trauma": "1.1.0", "Debian 安全": "12.9"},
    "figures": {"backup_bytes": 3, "rpo_seconds": 0.5, "clock_difference_seconds": -1, "label": "20261123F"},
    "artefacts": [{"name": "report.pdf", "sha256": HASH, "size_bytes": 12}],
    "by_hand": {
        "kind": "training", "occurred_at": "2026-11-24T01:00:00Z", "entered_by": "li.na", "summary_zh": "培训", "summary_en": "",
    },
    "imported": True,
    "kind": "fault",
    "opened": "2026-11-25T01:00:00Z",
    "responded": "2026-11-25T01:10:00Z",
    "resolved": "2026-11-25T02:00:00Z",
}  # fmt: skip


def faults(data: object) -> str:
    """Return what is wrong with data, "" where it is a record."""
    try:
        read_record(data)
    except RecordError as error:
        return str(error)
    return ""


def test_a_whole_record_comes_back_as_it_was_given(plain_record: Plain) -> None:
    given_data = plain_record(**WHOLE)
    read = read_record(given_data).as_dict()
    assert read["ended_at"] == "2026-11-25T04:00:00Z"
    assert read["reason"] == "psql: 连接被拒绝 at line 3"
    same = {**given_data, "ended_at": read["ended_at"], "reason": read["reason"]}
    assert read == same
    assert read_record(read).as_dict() == read


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"password": "geheim"}, "password: is not known here"),
        ({"run_id": "../../etc"}, "run_id: '../../etc' must be a UTC time and six hexadecimal digits"),
        ({"run_id": None}, "run_id: is missing"),
        ({"site": "Lab 1"}, "site: 'Lab 1' must be lower-case letters"),
        ({"verb": 7}, "verb: must be text, not 7"),
        ({"actor": "a\nb"}, r"actor: 'a\nb' must be one line"),
        ({"actor": "\ud800"}, r"actor: '\ud800' must be one line"),
        ({"actor": "x" * 501}, "must be one line of at most 500 characters"),
        ({"started_at": "2026-11-25T03:30:00"}, "started_at: '2026-11-25T03:30:00' must be a time with its offset"),
        ({"started_at": "1970-01-01T00:00:00Z"}, "started_at: '1970-01-01T00:00:00Z' must be a time"),
        ({"started_at": 1795397820}, "started_at: 1795397820 must be a time"),
        ({"started_at": None}, "started_at: is missing"),
        ({"ended_at": "2026-11-25T04:00:00Z"}, "outcome: and ended_at belong together"),
        ({"outcome": "success"}, "outcome: and ended_at belong together"),
        ({"outcome": "fine", "ended_at": "2026-11-25T04:00:00Z"}, "outcome: 'fine' must be one of success, failed"),
        ({"reason": ["a"]}, "reason: must be text, not ['a']"),
        ({"rehearsal": "yes"}, "rehearsal: must be true or false, not 'yes'"),
        ({"hosts": "db1"}, "hosts: must be a list, not 'db1'"),
        ({"hosts": ["db1", None]}, "hosts[1]: is missing"),
        ({"clauses": [4.6]}, "clauses[0]: must be text, not 4.6; put it in quotes"),
        ({"figures": {"a": float("nan")}}, "figures.a: must be a number below 2^53"),
        ({"figures": {"a": float("inf")}}, "figures.a: must be a number below 2^53"),
        ({"figures": {"a": 2**53}}, "figures.a: must be a number below 2^53"),
        ({"figures": {"a": True}}, "figures.a: must be a number below 2^53"),
        ({"figures": {"a": {"b": 1}}}, "figures.a: must be a number below 2^53"),
        ({"figures": {"A b": 1}}, "figures: the name 'A b' must be lower-case letters"),
        ({"figures": {7: 1}}, "figures: the name 7 must be"),
        ({"figures": [1]}, "figures: must be a mapping, not [1]"),
        ({"versions_after": {"trauma": 1.1}}, "versions_after.trauma: must be text, not 1.1"),
        ({"artefacts": [{"name": "a", "sha256": "x", "size_bytes": -1}]}, "artefacts[0].sha256: 'x' must be 64"),
        ({"artefacts": [{"name": "a", "sha256": HASH, "size_bytes": 1, "path": "/"}]}, "artefacts[0].path: is not known"),
        ({"window": "open"}, "window: must be a mapping"),
        ({"window": {"state": "ajar"}}, "window.state: 'ajar' must be one of open, closed, frozen, unknown"),
        ({"approval": {"id": "k3"}}, "approval.approver: is missing"),
        ({"approval": {**WHOLE["approval"], "key": "MD5:ab"}}, "approval.key: 'MD5:ab' must be a fingerprint"),  # type: ignore[dict-item]
        ({"approval": {**WHOLE["approval"], "made_at": "soon"}}, "approval.made_at: 'soon' must be a time"),  # type: ignore[dict-item]
        ({"approval": {**WHOLE["approval"], "document": "a\nb"}}, "must be one line of at most 8000 characters"),  # type: ignore[dict-item]
        ({"approval": {**WHOLE["approval"], "signature": "U1NIU0lH"}}, "must be an SSH signature with its line ends"),  # type: ignore[dict-item]
        ({"approval": {**WHOLE["approval"], "subject": "1.1.0"}}, "approval.subject: '1.1.0' must be 64"),  # type: ignore[dict-item]
        ({"emergency": {"by": "wang"}}, "emergency.reason: is missing"),
        ({"by_hand": {**WHOLE["by_hand"], "summary_zh": ""}}, "by_hand.summary_zh: and summary_en are both empty"),  # type: ignore[dict-item]
        ({"figures": {f"figure_{number}": "x" * 500 for number in range(600)}}, "put long lists into an artefact"),
    ],
)  # fmt: skip
def test_refuses_what_is_no_record_and_says_where(plain_record: Plain, changes: dict[str, Any], fault: str) -> None:
    assert fault in faults(plain_record(**changes))


@pytest.mark.parametrize("data", [None, [], "record", 7])
def test_refuses_what_is_no_mapping(data: object) -> None:
    assert "the document: must be a mapping" in faults(data)


def test_names_all_faults_at_once(plain_record: Plain) -> None:
    told = faults(plain_record(site="", hosts=7, extra=1))
    assert [word in told for word in ("site: is empty", "hosts: must be", "extra: is not known here")] == [True] * 3
    assert told.endswith("Nothing was written; correct these fields.")


def test_an_approval_of_a_verb_without_subject_has_an_empty_one(plain_record: Plain) -> None:
    approval = {**WHOLE["approval"], "subject": ""}  # type: ignore[dict-item]
    read = read_record(plain_record(approval=approval))
    assert read.approval
    assert read.approval.subject == ""


def test_an_approval_of_an_earlier_version_has_neither_key_nor_proof(plain_record: Plain) -> None:
    later = ("key", "made_at", "document", "signature")
    approval = {name: value for name, value in WHOLE["approval"].items() if name not in later}  # type: ignore[attr-defined]
    read = read_record(plain_record(approval=approval))
    assert read.approval
    assert [getattr(read.approval, name) for name in later] == ["", None, "", ""]


def test_the_words_of_an_error_never_cost_the_record(plain_record: Plain) -> None:
    read = read_record(plain_record(reason="Traceback\n\x00\ud83d" + "long " * 9999))
    assert read.reason.startswith("Traceback \ufffd\ufffdlong")
    assert len(read.reason) == 2000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from([*WHOLE, "run_id", "site", "verb", "actor", "started_at", "hosts", "surprise"])


@given(changes=st.dictionaries(FIELDS, JSON, min_size=1, max_size=4))
def test_hostile_data_is_a_record_or_a_named_fault_and_nothing_else(changes: dict[str, Any]) -> None:
    data = {"run_id": "20261125-033000-000001", "site": "lab", "verb": "backup", "actor": "a@b"}
    data |= {"started_at": "2026-11-25T03:30:00Z", **changes}
    if not faults(data):  # anything but a RecordError would fail here
        read = read_record(data)
        assert b"\n" not in canonical(read.as_dict()).encode("utf-8")
        assert read_record(read.as_dict()) == read
