"""The action `operation` in a job of AWX behind the hospital's approval: it opens, the record says who gave it, and it opens once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.traumalink.ops.plugins.plugin_utils import operation_request

Act = Callable[..., dict[str, Any]]
SHA256 = "5f1e" * 16


@pytest.fixture
def approved(contract: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Give what is asked for in job 17, behind the approval 12 of workflow job 11."""
    approval = {
        "id": 12, "name": "lab approve upgrade", "status": "successful", "finished": datetime.now(UTC).isoformat(),
        "summary_fields": {"approved_or_denied_by": {"username": "li.na"}},
    }  # fmt: skip
    nodes = [
        {"id": 1, "job": 12, "success_nodes": [2], "summary_fields": {"job": {"type": "workflow_approval"}}},
        {"id": 2, "job": 17, "success_nodes": [], "summary_fields": {"job": {"type": "job"}}},
    ]
    answers: dict[str, dict[str, Any]] = {
        "jobs/17/": {"status": "running", "summary_fields": {"source_workflow_job": {"id": 11}}},
        "workflow_jobs/11/": {"extra_vars": json.dumps({"awx_approval_sha256": SHA256})},
        "workflow_jobs/11/workflow_nodes/?page_size=200": {"results": nodes, "next": None},
        "workflow_approvals/12/": approval,
    }
    monkeypatch.setattr(operation_request, "question_of", lambda *_arguments: (answers.__getitem__, "17"))
    li_na = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
    awx = {"url": "https://awx.example.org"}
    return {"contract": {**contract, "contacts": [{**li_na, "awx_user": "li.na"}], "awx": awx}, "subject": SHA256}


def test_the_record_says_who_approved_and_where(act: Act, site: Any, approved: dict[str, Any]) -> None:
    assert act("judged", verb="upgrade", **approved)["refusal"] == ""
    assert act("opened", verb="upgrade", **approved)["opened"] is True
    (entry,) = site.entries()
    kept = entry["record"]["approval"]
    assert (kept["approver"], kept["subject"]) == ("li_na", SHA256)
    assert json.loads(kept["document"])["awx"] == "https://awx.example.org"


def test_it_is_used_once(act: Act, approved: dict[str, Any]) -> None:
    """Also by AWX's relaunch of the job, within the day for which it is good."""
    opened = act("opened", verb="upgrade", **approved)
    act(
        "closed", verb="upgrade", record=opened["record"], opened=True, outcome="failed", failure="it broke", **approved
    )
    with pytest.raises(AnsibleActionFail, match=r"The approval [0-9a-f]{16} was used by .*; ask li_na for a new one"):
        act("opened", verb="upgrade", **approved)


def test_another_release_than_the_approved_one_is_refused(act: Act, approved: dict[str, Any]) -> None:
    refusal = act("judged", verb="upgrade", **{**approved, "subject": "0" * 64})["refusal"]
    assert "What was approved at AWX is the release or plan with SHA-256 5f1e5f1e5f1e…" in refusal


def test_the_window_is_asked_for_all_the_same(act: Act, approved: dict[str, Any]) -> None:
    """A job that AWX fires late, or whose approval came in the morning, finds it closed."""
    windows = [{"name": "never now", "days": "monday", "start": "00:00", "duration": "1m"}]
    given = {**approved, "contract": {**approved["contract"], "windows": windows}}
    assert "the next opening is" in act("judged", verb="upgrade", **given)["refusal"]
