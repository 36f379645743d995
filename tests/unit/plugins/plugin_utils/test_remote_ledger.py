"""The ledger as the controller talks to it; what an operation makes of it is seen in action/test_operation_and_its_ledger.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import CodedError, OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.remote_ledger import (
    OpsAwayError,
    RemoteLedger,
    beside,
    out_of_service,
)

NOW = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
HEAD = {"sequence": 7, "hash": "a" * 64}


def test_what_is_added_is_added_to_the_ledger_that_was_witnessed() -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def run(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        asked.append((module, arguments))
        return {"renewed": True, "head": HEAD}

    ledger = RemoteLedger(run, print, print, [HEAD])
    assert ledger.write("closed", {"run_id": "x"}) == HEAD
    assert ledger.renew("x", 60)
    ledger.sign({"sequence": 7, "signature": ""})
    assert [arguments["state"] for _module, arguments in asked] == ["closed", "renewed"], (
        "an empty signature is not kept"
    )
    assert asked[0][1]["heads"] == [HEAD]
    assert "heads" not in asked[1][1], "a lease is renewed whatever the witness says: work that goes on is not ended"


@pytest.mark.parametrize(
    ("answer", "code", "out"),
    [
        ({"unreachable": True, "msg": "no\n route"}, "ops_away", True),
        ({"failed": True, "msg": "full", "code": "full"}, "full", True),
        ({"failed": True, "msg": "another approval", "code": ""}, "", False),
        ({"failed": True, "msg": "MODULE FAILURE"}, "", False),
        ({"failed": True, "msg": "no record", "code": "wrong_record"}, "wrong_record", False),
    ],
)
def test_failures_are_told_apart_by_their_code(answer: dict[str, Any], code: str, out: bool) -> None:
    with pytest.raises(CodedError) as caught:
        RemoteLedger(lambda *_arguments: answer, print, print).ask("ledger")
    assert (caught.value.code, out_of_service(caught.value)) == (code, out)
    assert isinstance(caught.value, OpsAwayError) == (code == "ops_away")
    assert not out_of_service(OpsError("anything else"))


def lease(verb: str, left_seconds: int, mode: str = "exclusive") -> dict[str, Any]:
    """Return an operation that holds a lease for so long."""
    expires = datetime.fromtimestamp(NOW.timestamp() + left_seconds, UTC)
    return {"run_id": verb, "verb": verb, "mode": mode, "expires_at": expires.isoformat()}


def test_a_restore_ends_what_it_may_awaits_what_was_cut_off_and_respects_the_rest() -> None:
    found = [lease("backup", 50), lease("upgrade", -1), lease("record", 50, "none"), lease("forged", 100_000)]
    first, holder = beside(found, ("backup", "drill"), NOW, 120)
    assert [(entry["verb"], entry["end"]) for entry in first] == [("backup", True), ("upgrade", False)]
    assert holder is None
    assert beside([lease("patch", 50)], ("backup",), NOW, 120) == ([], lease("patch", 50))


@pytest.mark.parametrize(("left_seconds", "holds"), [(124, True), (126, False)])
def test_a_fresh_lease_holds_also_by_a_clock_that_is_a_little_behind(left_seconds: int, holds: bool) -> None:
    fresh = lease("patch", left_seconds)
    assert beside([fresh], ("backup",), NOW, 120) == ([], fresh if holds else None)


def test_a_record_that_loses_its_figures_still_says_that_the_hospital_was_not_told() -> None:
    written: list[dict[str, Any]] = []

    def run(_module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        written.append(dict(arguments["record"]))
        return {"failed": True, "msg": "figures.x", "code": "wrong_record"} if len(written) == 1 else {"head": HEAD}

    record = {"run_id": "x", "figures": {"x": [], "emergency_undelivered": "nobody was told"}, "artefacts": ["y"]}
    assert RemoteLedger(run, print, print).write("closed", record) == HEAD
    assert (written[1]["figures"], written[1]["artefacts"]) == ({"emergency_undelivered": "nobody was told"}, [])
