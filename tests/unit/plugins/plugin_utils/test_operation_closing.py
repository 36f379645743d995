"""An operation as the controller sees it: what its record says at the end, and that no secret gets into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.ledger_chain import Head, signed_by
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import read_record
from ansible_collections.traumalink.ops.plugins.plugin_utils import operation_closing, operation_request

NOW = datetime(2026, 11, 25, 3, 40, tzinfo=UTC)


def asked(**changes: Any) -> dict[str, Any]:
    """Return what the role asks for at the end."""
    defaults = {
        name: option.get("default")
        for name, option in {**operation_request.REQUEST_OPTIONS, **operation_request.OPTIONS}.items()
    }
    return {**defaults, "verb": "backup", "site": "lab", "hosts": ["db1", "ops1"], "outcome": "failed", **changes}


def opened(**changes: Any) -> dict[str, Any]:
    """Return the record as it was opened."""
    record = operation_request.opening_record(asked(clauses=["4.6"]), NOW, "li.na@controller1", None, None)
    return {**record, "run_id": "20261125-033000-3f9a2c", "started_at": "2026-11-25T03:30:00+00:00", **changes}


def test_a_success_carries_the_named_facts_of_all_hosts_and_nothing_else() -> None:
    hostvars = {
        "db1": {"operation_figures": {"rto_seconds": 31.3}, "restore_password": "geheim-geheim"},
        "ops1": {
            "operation_figures": {"label": "20261125-033026F"},
            "operation_versions_after": {"trauma": "1.0.0"},
            "operation_artefacts": [{"name": "report.pdf", "sha256": "a" * 64, "size_bytes": 7}],
        },
    }
    record = operation_closing.closed_record(asked(outcome="success", record=opened()), {"hostvars": hostvars}, NOW)
    assert record["figures"] == {"rto_seconds": 31.3, "label": "20261125-033026F"}
    assert record["versions_after"] == {"trauma": "1.0.0"}
    assert record["artefacts"][0]["name"] == "report.pdf"
    assert (record["outcome"], record["reason"]) == ("success", "")
    assert "geheim" not in repr(record)
    assert read_record(record).as_dict()["ended_at"] == "2026-11-25T03:40:00Z"


def test_a_failure_names_hosts_and_messages_once_and_who_could_not_be_reached() -> None:
    failed = {"ansible_failed_result": {"msg": "disk\n  full"}, "ansible_failed_task": {"name": "Take it"}}
    failed["__operation_outcome"] = "failed"
    variables = {"hostvars": {"db1": failed, "ops1": failed, "app1": {}}}
    record = operation_closing.closed_record(asked(hosts=["db1", "ops1", "app1"], record=opened()), variables, NOW)
    assert record["reason"] == "db1: disk full; app1: cannot be reached"


def test_each_failure_says_its_kind_where_it_has_one() -> None:
    looped = {"results": [{"failed": True, "code": "release_fault"}, {"failed": False, "code": "no"}, {"failed": True}]}
    hostvars = {
        "db1": {"ansible_failed_result": {"msg": "disk full"}},
        "ops1": {},
        "app1": {"ansible_failed_result": {"msg": "sick", "code": "release_fault"}},
        "app2": {"ansible_failed_result": looped},
    }
    found = operation_closing.codes({"hostvars": hostvars}, ["db1", "ops1", "app1", "app2"])
    assert found == ["", "release_fault", "release_fault", ""]


def test_a_task_without_log_gives_its_name_alone() -> None:
    failed = {
        "ansible_failed_result": {"msg": "the secret is 12345678"},
        "ansible_failed_task": {"name": "Lay it", "no_log": True},
    }
    record = operation_closing.closed_record(asked(record=opened()), {"hostvars": {"db1": failed, "ops1": {}}}, NOW)
    assert record["reason"] == "db1: the task 'Lay it' failed (its output is not logged)"


def test_a_failed_loop_gives_the_reasons_of_its_items() -> None:
    items = [
        {"failed": True, "msg": "no such\npackage", "_ansible_item_label": "rclone"},
        {"failed": False, "msg": "fine", "_ansible_item_label": "restic"},
        {"failed": True, "msg": "broken", "_ansible_item_label": {"name": "x"}},
    ]
    failed = {"ansible_failed_result": {"msg": "One or more items failed", "results": items}}
    record = operation_closing.closed_record(asked(record=opened()), {"hostvars": {"db1": failed, "ops1": {}}}, NOW)
    assert record["reason"] == "db1: rclone: no such package; broken"


def test_a_failed_loop_tells_no_item_that_is_not_logged() -> None:
    items = [{"failed": True, "msg": "the secret is 12345678", "_ansible_no_log": True}]
    failed = {"ansible_failed_result": {"msg": "One or more items failed", "results": items}}
    failed["ansible_failed_task"] = {"name": "Lay them"}
    record = operation_closing.closed_record(asked(record=opened()), {"hostvars": {"db1": failed, "ops1": {}}}, NOW)
    assert record["reason"] == "db1: the task 'Lay them' failed (its output is not logged)"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"occurred_at": "2026-11-26T10:00:00+08:00"},
            "record_occurred_at 2026-11-26T10:00:00+08:00 lies in the future",
        ),
        ({"occurred_at": "yesterday"}, "record_occurred_at 'yesterday' must be a time with its zone"),
        ({"kind": "holiday"}, "record_kind 'holiday' must be one of visit"),
        ({"summary_zh": ""}, "record_summary_zh"),
        ({"entered_by": ""}, "record_entered_by"),
    ],
)
def test_what_was_entered_by_hand_is_looked_at_again(change: dict[str, str], said: str) -> None:
    by_hand = {
        "kind": "visit", "occurred_at": "2026-11-25T10:00:00+08:00", "entered_by": "wang_wei", "summary_zh": "现场巡检", "summary_en": "",
    }  # fmt: skip
    given = asked(outcome="success", record=opened())
    right = operation_closing.closed_record(given, {"hostvars": {"ops1": {"operation_by_hand": by_hand}}}, NOW)
    assert (right["outcome"], right["by_hand"]) == ("success", by_hand)
    wrong = {"hostvars": {"ops1": {"operation_by_hand": by_hand | change}}}
    record = operation_closing.closed_record(given, wrong, NOW)
    assert (record["outcome"], record["by_hand"]) == ("failed", None)
    assert said in record["reason"]
    read_record(record)


def test_a_secret_in_an_error_is_blotted_out() -> None:
    failed = {"ansible_failed_result": {"msg": "cannot log in with correct-horse-battery"}}
    variables = {"hostvars": {"db1": failed, "ops1": {"deploy_database_user_password": "correct-horse-battery"}}}
    record = operation_closing.closed_record(asked(record=opened()), variables, NOW)
    assert record["reason"] == "db1: cannot log in with ***"


def test_a_run_that_was_refused_before_anything_was_known_has_a_record_all_the_same() -> None:
    failed = {"ansible_failed_result": {"msg": "contract.windows[0].start: is missing"}}
    record = operation_closing.closed_record(asked(outcome="refused"), {"hostvars": {"db1": failed, "ops1": {}}}, NOW)
    assert (record["outcome"], record["hosts"], record["site"]) == ("refused", ["db1", "ops1"], "lab")
    assert record["reason"].endswith("is missing")


def test_a_rehearsal_lasts_as_long_as_it_really_did() -> None:
    rehearsed = opened(rehearsal=True, started_at="2026-10-01T15:00:00+00:00")
    record = operation_closing.closed_record(asked(outcome="success", record=rehearsed), {"hostvars": {}}, NOW)
    assert record["ended_at"] == "2026-10-01T15:10:00+00:00"


def test_a_head_is_countersigned_by_the_sites_key(keys: Callable[[str], Path]) -> None:
    head = {"sequence": 3, "hash": "a" * 64, "at": "2026-11-25T03:40:00Z"}
    told = operation_closing.countersigned(keys("countersign").read_text(), head)
    public = " ".join(keys("countersign").with_suffix(".pub").read_text().split()[:2])
    assert signed_by(Head(**head), told["signature"], public)
    assert operation_closing.countersigned("", head) == {**head, "signature": ""}


def test_figures_of_any_kind_fit_into_a_record() -> None:
    figures = {
        "checksum_errors": False,
        "prior": None,
        "kept_aside": "",
        "seconds": 4,
        "rpo_seconds": 0.5,
        "label": "a\nb",
        "long": "x" * 900,
    }
    record = operation_closing.closed_record(
        asked(outcome="success", record=opened()), {"hostvars": {"db1": {"operation_figures": figures}}}, NOW
    )
    assert record["figures"] == {
        "checksum_errors": "false", "seconds": 4, "rpo_seconds": 0.5, "label": "a b", "long": "x" * 499 + "…",
    }  # fmt: skip
    assert read_record(record).as_dict()["figures"] == record["figures"]


def test_a_figure_holds_no_secret_either() -> None:
    variables = {"hostvars": {"db1": {"operation_figures": {"source": "postgresql://owner:S3cret@db1/trauma"}}}}
    record = operation_closing.closed_record(asked(outcome="success", record=opened()), variables, NOW)
    assert record["figures"] == {"source": "postgresql://…@db1/trauma"}


def test_what_failed_is_read_as_it_stands_and_not_as_a_template() -> None:
    class HostVars(dict[str, Any]):
        """As Ansible's: an item is templated, and the task's arguments are not there any more."""

        def raw_get(self, host: str) -> Any:
            return dict.__getitem__(self, host)

        def __getitem__(self, host: str) -> Any:
            raise AssertionError("templated")

    failed = {
        "ansible_failed_result": {"msg": "disk full"},
        "ansible_failed_task": {"name": "x", "args": {"a": "{{ gone }}"}},
    }
    record = operation_closing.closed_record(
        asked(record=opened()), {"hostvars": HostVars({"db1": failed, "ops1": {}})}, NOW
    )
    assert record["reason"] == "db1: disk full"


@pytest.mark.parametrize(
    ("outcome", "reason", "problem", "words"),
    [
        ("success", "", "", "site of lab RUN ended as success"),
        ("failed", "db1: the disk is full", "", "site of lab RUN ended as failed: db1: the disk is full"),
        ("failed", "no room.", "It is kept.", "site of lab RUN ended as failed: no room. It is kept."),
        ("refused", "app1: the check says no", "", "site of lab is refused: app1: the check says no. Nothing was changed"),
        ("refused", "site of lab is refused: a freeze. Nothing was changed", "", "site of lab is refused: a freeze. Nothing was changed"),
    ],
)  # fmt: skip
def test_the_last_words_say_each_thing_once(outcome: str, reason: str, problem: str, words: str) -> None:
    record = {"verb": "site", "site": "lab", "run_id": "RUN", "outcome": outcome, "reason": reason}
    assert operation_closing.last_words(record, problem) == words


def test_what_was_cut_off_and_brought_to_its_end_stands_in_the_record_of_the_verb_that_did_so() -> None:
    ended = {"operation_recovered": {"recovered_upgrade": "20261129-230000-3f9a2c", "recovered_downtime_seconds": 41.2}}
    record = operation_closing.closed_record(
        asked(outcome="success", record=opened()),
        {"hostvars": {"db1": {**ended, "operation_figures": {"seconds": 3}}}},
        NOW,
    )
    assert record["figures"] == {**ended["operation_recovered"], "seconds": 3}


def test_a_refusal_after_that_does_not_say_that_nothing_was_changed() -> None:
    failed = {
        "ansible_failed_result": {"msg": "1.1.0 is no version that runs. Nothing was changed"},
        "ansible_failed_task": {"name": "x"},
    }
    variables = {
        "hostvars": {"db1": {**failed, "operation_recovered": {"recovered_upgrade": "20261129-230000-3f9a2c"}}}
    }
    record = operation_closing.closed_record(asked(outcome="refused", hosts=["db1"], record=opened()), variables, NOW)
    assert record["reason"].startswith(
        "db1: 1.1.0 is no version that runs. Nothing was changed but what an operation that was cut off had left"
    )
    assert operation_closing.last_words(record, "").count("Nothing was changed") == 1
