"""The role `record`: an approval after an emergency is all that is given, and work by hand says what is missing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils import approval_maker as maker
from ansible_collections.traumalink.ops.plugins.plugin_utils.emergency_approval import subject_of

RUN_ID = "20261125-033000-3f9a2c"
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: traumalink.ops.record}
    - ansible.builtin.debug: {msg: "found {{ record_by_hand | to_json }}"}
"""


@pytest.fixture
def play(tmp_path: Path) -> Callable[[dict[str, Any]], subprocess.CompletedProcess[str]]:
    """Give the role in a play of its own."""
    (tmp_path / "play.yml").write_text(PLAY)

    def run(given: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        argv = [
            "ansible-playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            str(tmp_path / "play.yml"),
            "-e",
            json.dumps(given),
        ]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    return run


def test_an_approval_says_itself_who_approved_what(
    play: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    contract_data: Callable[..., dict[str, Any]],
) -> None:
    key, now = tmp_path / "li", datetime.now(UTC)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    approval = maker.new_approval(
        site="lab", verb="restore", subject=subject_of(RUN_ID), subject_name=RUN_ID, valid=(now, now + timedelta(days=1)), approver="li_na",
        note="", now=now,
    )  # fmt: skip
    document = maker.write(approval, tmp_path, key)
    public = key.with_suffix(".pub").read_text().strip()
    li_na = {"id": "li_na", "name": {"zh": "李娜", "en": "Li Na"}, "side": "hospital", "roles": ["approver"]}
    contract = contract_data(contacts=[{**li_na, "signing_keys": [public]}])
    done = play({"operation_approval": str(document), "contract": contract})
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Approval after the emergency {RUN_ID}" in " ".join(done.stdout.split())
    document.write_bytes(document.read_bytes().replace(b"restore", b"upgrade"))
    forged = play({"operation_approval": str(document), "contract": contract})
    assert forged.returncode != 0
    assert "Approval after the emergency" not in forged.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "record_kind '' must be one of visit, training"),
        ({"record_kind": "approval", "record_occurred_at": "2026-01-01T10:00:00+08:00", "record_entered_by": "li_na", "record_summary_zh": "补批"},
         "record_kind approval is nothing to enter: have the hospital sign it with traumalink.ops.approve"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_evidence_is_refused(
    play: Callable[..., subprocess.CompletedProcess[str]], given: dict[str, str], said: str
) -> None:
    done = play(given)
    assert done.returncode != 0
    assert said in " ".join((done.stdout + done.stderr).split())
