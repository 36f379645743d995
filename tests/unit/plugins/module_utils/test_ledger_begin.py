"""How a ledger begins: once by itself, and again only where somebody says so and the old one is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import ledger_begin
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_begin import Begun, begin
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_check import verify
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_reading import Selection, records
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_store import FILE_NAME, LOST, LedgerError
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import read_record

NOW = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
Heads = list[dict[str, Any]]


@pytest.fixture
def heads(tmp_path: Path, record: Callable[..., Record], ended: dict[str, str]) -> Heads:
    """Fill a ledger with three records; give its heads as the witness keeps them."""
    with Ledger.opened(tmp_path, create=True) as ledger:
        return [ledger.append(record(number, **ended), NOW).as_dict() for number in (1, 2, 3)]


def cut(folder: Path) -> None:
    """Put a shorter ledger in place of the one that is there."""
    for file in folder.glob(f"{FILE_NAME}*"):
        file.unlink()
    with Ledger.opened(folder, create=True) as ledger:
        ledger.append(read_record({"run_id": "20261125-033000-00000f", "site": "lab", "verb": "drill", "actor": "x", "started_at": "2026-11-25T03:30:00Z",
                                   "outcome": "success", "ended_at": "2026-11-25T03:31:00Z"}), NOW)  # fmt: skip


def first(folder: Path) -> dict[str, Any]:
    """Return the only record of the ledger, whose chain fits."""
    with Ledger.opened(folder) as ledger:
        assert verify(ledger.store).fault is None
        (record,) = records(ledger.store, Selection())
    read_record(record)  # it is one of those that anybody may write
    return record


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_new_site_has_an_empty_ledger_once(tmp_path: Path) -> None:
    assert begin(tmp_path, "lab", [], NOW, dry_run=True) == Begun(changed=True)
    assert list(tmp_path.iterdir()) == []
    assert begin(tmp_path, "lab", [], NOW) == Begun(changed=True)
    assert begin(tmp_path, "lab", [], NOW) == Begun(changed=False)


def test_a_ledger_that_is_there_stays_whatever_the_witness_says(tmp_path: Path, heads: Heads) -> None:
    before = digest(tmp_path / FILE_NAME)
    assert begin(tmp_path, "lab", heads, NOW) == Begun(changed=False)
    assert begin(tmp_path, "lab", [{**heads[0], "hash": "b" * 64}], NOW) == Begun(changed=False)
    assert digest(tmp_path / FILE_NAME) == before


def test_a_lost_ledger_does_not_come_back_empty_and_both_ways_are_told(tmp_path: Path, heads: Heads) -> None:
    (tmp_path / FILE_NAME).rename(tmp_path / "elsewhere")
    with pytest.raises(
        LedgerError, match=f"The ledger of lab is gone: .*has seen its entry 3 .{heads[2]['hash']}"
    ) as caught:
        begin(tmp_path, "lab", heads, NOW)
    assert caught.value.code == LOST
    for words in ("Bring the file back", "traumalink.ops.site -e ledger_new=lab"):
        assert words in str(caught.value)
    assert not (tmp_path / FILE_NAME).exists()
    (tmp_path / "elsewhere").rename(tmp_path / FILE_NAME)
    assert begin(tmp_path, "lab", heads, NOW) == Begun(changed=False)


def test_a_lost_ledger_is_begun_anew_with_a_record_that_says_so(tmp_path: Path, heads: Heads) -> None:
    (tmp_path / FILE_NAME).unlink()
    assert begin(tmp_path, "lab", heads, NOW, anew="lab", dry_run=True).changed
    assert not (tmp_path / FILE_NAME).exists()
    assert begin(tmp_path, "lab", heads, NOW, anew="lab", actor="li.na@controller1") == Begun(changed=True, anew=True)
    record = first(tmp_path)
    assert (record["site"], record["verb"], record["outcome"], record["actor"]) == (
        "lab",
        "ledger",
        "success",
        "li.na@controller1",
    )
    assert record["figures"] == {
        "action": "begun_anew",
        "begun_after_sequence": 3,
        "begun_after_hash": heads[2]["hash"],
    }
    assert record["artefacts"] == []
    assert "no file was left of it" in record["reason"]


def test_an_altered_ledger_is_put_aside_whole_and_named_by_its_hash(tmp_path: Path, heads: Heads) -> None:
    cut(tmp_path)
    before = digest(tmp_path / FILE_NAME)
    (tmp_path / f"{FILE_NAME}-wal").write_bytes(b"")
    done = begin(tmp_path, "lab", heads, NOW, anew="lab", actor="li.na@controller1")
    assert done.changed
    assert done.anew
    aside = tmp_path / "ledger-20261125T033000Z.sqlite"
    assert aside.name in done.put_aside
    assert digest(aside) == before
    (artefact, *_rest) = first(tmp_path)["artefacts"]
    assert artefact == {"name": aside.name, "sha256": before, "size_bytes": aside.stat().st_size}
    assert aside.name in first(tmp_path)["reason"]
    assert not list(tmp_path.glob("*.new*"))


@pytest.mark.parametrize("content", [b"", b"no database at all, and longer than its header would be" * 9])
def test_what_is_no_ledger_any_more_is_put_aside_too(tmp_path: Path, heads: Heads, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert begin(tmp_path, "lab", heads, NOW, anew="lab").changed
    assert (tmp_path / "ledger-20261125T033000Z.sqlite").read_bytes() == content
    assert first(tmp_path)["artefacts"][0]["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_ledger_that_fits_is_not_given_up_and_nor_is_another_sites(tmp_path: Path, heads: Heads) -> None:
    for seen in (heads, heads[:1], []):
        with pytest.raises(LedgerError, match="The ledger of lab is there and fits: 3 entries"):
            begin(tmp_path, "lab", seen, NOW, anew="lab")
    cut(tmp_path)
    with pytest.raises(LedgerError, match="ledger_new 'other' is not this site; repeat its name, lab"):
        begin(tmp_path, "lab", heads, NOW, anew="other")
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_a_run_that_was_killed_before_the_heads_went_aside_is_finished(tmp_path: Path, heads: Heads) -> None:
    cut(tmp_path)
    begin(tmp_path, "lab", heads, NOW, anew="lab")
    before = first(tmp_path)
    assert begin(tmp_path, "lab", heads, NOW, anew="lab") == Begun(changed=False, anew=True)
    assert first(tmp_path) == before
    with pytest.raises(LedgerError, match="is there and fits"):  # now that the heads lie aside
        begin(tmp_path, "lab", [], NOW, anew="lab")
    assert begin(tmp_path, "lab", [], NOW) == Begun(changed=False)


@pytest.mark.parametrize("known", [True, False], ids=["seen by the witness", "never seen"])
def test_a_run_that_was_killed_in_the_middle_loses_no_evidence(
    tmp_path: Path, heads: Heads, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"damaged" * 99)
    seen = heads if known else []

    def killed(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ledger_begin, "Store", killed)
        with pytest.raises(KeyboardInterrupt):
            begin(tmp_path, "lab", seen, NOW, anew="lab")
    assert not (tmp_path / FILE_NAME).exists()
    with pytest.raises(LedgerError, match="The ledger of lab is gone"):
        begin(tmp_path, "lab", seen, NOW)
    assert begin(tmp_path, "lab", seen, NOW, anew="lab").changed
    assert first(tmp_path)["artefacts"][0]["sha256"] == hashlib.sha256(b"damaged" * 99).hexdigest()


def test_nothing_that_lies_aside_is_written_over(tmp_path: Path, heads: Heads) -> None:
    for number in (1, 2, 3):
        (tmp_path / FILE_NAME).write_bytes(b"damaged" * number)
        begin(tmp_path, "lab", heads, NOW, anew="lab")
    names = {artefact["name"]: artefact["size_bytes"] for artefact in first(tmp_path)["artefacts"]}
    assert sorted(names.values()) == [7, 14, 21]
    assert json.dumps(sorted(names)).count("20261125T033000Z") == 3
