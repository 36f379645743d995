"""How operations that were cut off are settled, from what was seen on their hosts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.settlement import Settlement, settle

RUN, OTHER = "20261125-033000-3f9a2c", "20261125-033100-000000"
HOSTS = ["app1", "db1", "ops1"]


def operation(run_id: str = RUN, **changes: Any) -> dict[str, Any]:
    """Return an operation as the ledger tells of it."""
    return {"run_id": run_id, "verb": "backup", "hosts": ["db1", "ops1"], "end": False, **changes}


def answer(host: str, run_id: str = RUN, *, seen: bool = True, **work: Any) -> dict[str, Any]:
    """Return what the action said of a host."""
    told = {"state": "absent", "title": "full backup", "seconds": 71.3, "how": "", **work} if seen else {}
    return {"item": [{"run_id": run_id}, host], "seen": seen, "work": told}


Settle = Callable[..., Settlement]


@pytest.fixture
def settled(tmp_path: Path) -> Settle:
    """Give the function with what most tests do not look at; an upgrade can be undone here."""
    (tmp_path / "upgrade_recover.yml").touch()

    def call(operations: list[dict[str, Any]], answers: list[dict[str, Any]], **changes: Any) -> Settlement:
        given = {"by": "site", "site": "lab", "hosts": HOSTS, "lost_hosts": [], "folder": tmp_path, **changes}
        return settle(operations, answers, **given)

    return call


@pytest.mark.parametrize(
    ("end", "answers", "reason"),
    [
        (False, [], "its lease ran out: nothing of it was left running"),
        (False, [answer("db1"), answer("ops1")], "its lease ran out: nothing of it was left running"),
        (
            False,
            [answer("db1"), answer("ops1", state="succeeded")],
            "its lease ran out: full backup on ops1 ended well after 71 s",
        ),
        (
            True,
            [answer("ops1", state="killed", how="was ended: restore")],
            "ended by a restore: full backup on ops1 was ended: restore after 71 s",
        ),
        (
            False,
            [answer("db1", seen=False)],
            "its lease ran out: db1 cannot be reached, and counts as lost",
        ),
    ],
)
def test_what_became_of_it(settled: Settle, end: bool, answers: list[dict[str, Any]], reason: str) -> None:
    found = settled([operation(end=end)], answers, by="restore")
    assert found.reasons == {RUN: reason}
    assert found.ending == ([RUN] if end else [])


def test_each_operation_gets_its_own_answers(settled: Settle) -> None:
    found = settled(
        [operation(), operation(OTHER)], [answer("ops1", state="succeeded"), answer("db1", OTHER, state="failed")]
    )
    assert found.reasons[RUN].endswith("full backup on ops1 ended well after 71 s")
    assert found.reasons[OTHER].endswith("full backup on db1 failed after 71 s")


def test_work_that_nobody_can_see_holds_everything_up_but_a_restore(settled: Settle) -> None:
    answers = [answer("db1", seen=False), answer("ops1")]
    with pytest.raises(OpsError) as caught:
        settled([operation()], answers)
    assert str(caught.value) == (
        "site of lab is refused: db1 cannot be reached, and backup, which was cut off, may still be at work there. Bring the host back; or, when you "
        'know that it is off, repeat its name: -e \'{"operation_lost_hosts": ["db1"]}\'. Nothing was changed'
    )
    assert settled([operation()], answers, by="restore").reasons


def test_a_person_who_knows_that_the_host_is_off_gets_on(settled: Settle) -> None:
    answers = [answer("db1", seen=False), answer("app1", seen=False)]
    assert (
        "db1 cannot be reached, and counts as lost"
        in settled([operation()], answers, lost_hosts=["app1", "db1"]).reasons[RUN]
    )
    with pytest.raises(OpsError, match="refused: app1 cannot be reached"):
        settled([operation()], answers, lost_hosts=["db1"])


def test_what_was_half_done_is_undone_first_the_last_begun_before_the_others(settled: Settle, tmp_path: Path) -> None:
    (tmp_path / "deploy_recover.yml").touch()
    found = settled([operation(verb="upgrade"), operation(OTHER, verb="deploy"), operation("3", verb="upgrade")], [])
    assert found.recoveries == [str(tmp_path / "deploy_recover.yml"), str(tmp_path / "upgrade_recover.yml")]
    assert settled([operation()], []).recoveries == []


def test_what_must_be_undone_elsewhere_is_not_forgotten(settled: Settle) -> None:
    upgrade = operation(verb="upgrade", hosts=["app1", "app2", "ops1"])
    with pytest.raises(
        OpsError, match=rf"upgrade {RUN} was cut off, and must first be undone on app2 too, which takes no part here"
    ):
        settled([upgrade], [])
    assert settled([upgrade], [], lost_hosts=["app2"]).recoveries
    backup = settled([upgrade], [], by="backup")
    assert (backup.recoveries, backup.notes) == (
        [], [f"what upgrade {RUN} left half done is not undone here; run traumalink.ops.upgrade after this"]
    )  # fmt: skip


def test_a_lease_of_no_verb_runs_nothing(settled: Settle, tmp_path: Path) -> None:
    (tmp_path / "evil_recover.yml").touch()
    for verb in ("evil", str(tmp_path / "evil")):
        with pytest.raises(OpsError, match="which is no verb: it was altered"):
            settled([operation(verb=verb)], [])
