"""An expression that asks for what no record has is refused when it is written; it would be true of nothing for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jmespath
import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.record_words import misspelt

TITLE = {"zh": "备份", "en": "Backup"}


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("verb=='bakcup'", ["'bakcup' is no verb of a record, write backup"]),
        ("'bakcup'==verb", ["'bakcup' is no verb of a record, write backup"]),
        ("verb!='bakcup'", ["'bakcup' is no verb of a record, write backup"]),
        ("contains(['upgrade', 'migarte'], verb)", ["'migarte' is no verb of a record, write migrate"]),
        ('contains(`["upgarde"]`, verb)', ["'upgarde' is no verb of a record, write upgrade"]),
        ("verb=='backup' && outcom=='success'", ["outcom is no field of a record, write outcome"]),
        ("outcome=='sucess'", ["'sucess' is no outcome of a record, write success"]),
        ("by_hand.kind=='visitt'", ["'visitt' is no by_hand.kind of a record, write visit"]),
        ("by_hand.occured_at", ["occured_at is no field of by_hand, write occurred_at"]),
        ("window.state=='opn'", ["'opn' is no window.state of a record, write open"]),
        ("approval && aproval.by", ["aproval is no field of a record, write approval"]),
        (
            "artefacts[?nam=='x'].size_byte",
            ["size_byte is no field of an artefact, write size_bytes", "nam is no field of an artefact, write name"],
        ),
        ("artefacts[0].sha", ["sha is no field of an artefact, write sha256"]),
        ("@ | zzzz", ["zzzz is no field of a record, write one of run_id, site, verb"]),
        ("!emergancy", ["emergancy is no field of a record, write emergency"]),
        ("{a: verb=='bakup'}.a", ["'bakup' is no verb of a record, write backup"]),
    ],
)
def test_names_what_no_record_has(expression: str, said: list[str]) -> None:
    found = misspelt(jmespath.compile(expression).parsed)
    assert len(found) == len(said)
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True)), found


@pytest.mark.parametrize(
    "expression",
    [
        "verb=='backup' && outcome=='success'",
        "contains(['upgrade', 'migrate'], verb) && outcome=='success' && !emergency",
        "window.state=='open' && approval && started_at",
        "by_hand.kind=='visit'",
        "figures.rpo_seconds < `60` && figures.whatever=='x' && versions_after.app1=='1.1.0'",
        "(emergency || approval).by",
        "starts_with(verb, 'back') && contains(hosts, 'db1')",
        "sort_by(artefacts, &name)[0].size_bytes",
        "length(artefacts[?size_bytes > `0`].name) > `0`",
        "hosts[?@=='db1'] && hosts[0:2]",
        "kind=='change'",
        "verb==kind || [verb, outcome][0]=='anything'",
    ],
)
def test_takes_what_records_have(expression: str) -> None:
    assert misspelt(jmespath.compile(expression).parsed) == []


@pytest.mark.parametrize("key", ["met_by", "each", "from", "to", "answered_by"])
def test_the_contract_names_the_path(refused: Callable[..., list[str]], key: str) -> None:
    deadline: dict[str, Any] = {
        "id": "5.7",
        "title": TITLE,
        "each": "verb=='fault'",
        "from": "opened",
        "to": "resolved",
        "within": "2h",
    }
    duty = {"id": "4.6", "title": TITLE, "every": "day"} if key == "met_by" else deadline
    (line,) = refused(obligations=[{**duty, key: "outcom=='success'"}])
    assert line == f"contract.obligations[0].{key}: outcom is no field of a record, write outcome"
