"""The proof of a backup as a file: what is written comes back, and what is damaged proves nothing."""

from __future__ import annotations

import getpass
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.backup_proof import (
    Canary,
    Content,
    Proof,
    ProofError,
    Table,
    parse_proof,
    proof_text,
    read_proof,
    read_proofs,
    write_proof,
)

PROOF = Proof(
    label="20261123-013700F_20261123-013705I",
    type="incr",
    taken_at=datetime(2026, 11, 23, 1, 37, 9, tzinfo=UTC),
    system_id=7711173079095454119,
    during=Canary(7, "0/6000100"),
    after=Canary(9, "0/7000200"),
    content=(
        Content(
            "trauma",
            "0/7000180",
            {'trauma."Ünï ""quoted"" 创伤"': Table(3, "-12345678901234567890123"), "trauma.big": Table(9, "1", 12.5)},
            {"trauma.case_id_seq": 41, "trauma.unused": None},
            ("trauma.locked",),
        ),
    ),
    next_xid=4711,
    timeline=1,
    wal_start="000000010000000000000006",
    wal_stop="000000010000000000000006",
    proven_to="000000010000000000000007",
    database_bytes=30575473,
    repository_bytes=100288,
    extensions={"trauma/plpgsql": "1.0"},
)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    file = write_proof(PROOF, getpass.getuser(), tmp_path)
    assert file.path == tmp_path / f"{PROOF.label}.json"
    assert file.path.stat().st_mode & 0o777 == 0o640
    assert read_proof(PROOF.label, tmp_path) == PROOF
    assert read_proofs(tmp_path) == {PROOF.label: PROOF}


def test_the_file_has_the_agreed_names() -> None:
    plain = json.loads(proof_text(PROOF))
    assert plain["taken_at"] == "2026-11-23T01:37:09+00:00"
    assert plain["canaries"] == {"during": {"id": 7, "lsn": "0/6000100"}, "after": {"id": 9, "lsn": "0/7000200"}}
    assert plain["content"][0]["tables"]["trauma.big"] == {"rows": 9, "sum": "1", "percent": 12.5}
    assert plain["content"][0]["sequences"] == {"trauma.case_id_seq": 41, "trauma.unused": None}
    assert plain["proven_to"] == "000000010000000000000007"


def test_an_increment_names_the_full_set_that_it_builds_on() -> None:
    assert PROOF.full == "20261123-013700F"
    assert replace(PROOF, label="20261123-013700F").full == "20261123-013700F"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", proof_text(PROOF)[:-40], proof_text(PROOF).replace('"label"', '"lable"'),
     proof_text(PROOF).replace("2026-11-23T", "yesterday "), proof_text(PROOF).replace('"rows"', '"lines"')],
)  # fmt: skip
def test_a_damaged_proof_is_none(text: str, tmp_path: Path) -> None:
    with pytest.raises(ProofError, match="is no proof of a backup"):
        parse_proof(text)
    (tmp_path / "X.json").write_text(text)
    assert read_proofs(tmp_path) == {}
    with pytest.raises(ProofError, match=r"X\.json is no proof"):
        read_proof("X", tmp_path)


def test_a_missing_proof_says_that_nothing_is_proven(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match=r"No such file or directory.*: nothing is proven of backup 20261123-013700F"):
        read_proof("20261123-013700F", tmp_path)
    assert read_proofs(tmp_path / "absent") == {}
