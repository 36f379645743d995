"""Extra variables: a person says what concerns one run, and nobody takes a verb past the gate by forcing what the playbook decides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.plugin_utils.forced_variables import GIVEN, OF_THE_SITE, refusal

ROOT = Path(__file__).resolve().parents[4]
OPTIONS = yaml.safe_load((ROOT / "roles/operation/meta/argument_specs.yml").read_text())["argument_specs"]["main"]
ACTION = """
from ansible.plugins.action import ActionBase
from ansible_collections.traumalink.ops.plugins.plugin_utils.forced_variables import given_as_extra

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"changed": False, "msg": "given: " + " ".join(sorted(given_as_extra(self)))}
"""


def test_what_a_person_may_say_about_a_run_is_let_through() -> None:
    assert refusal([*GIVEN, "deploy_may_restart", "restore_confirm", "flow_verb", "awx_job_id", "record_kind"]) == ""


@pytest.mark.parametrize(
    "name",
    [
        "operation_verb", "operation_restarts", "operation_serving", "operation_subject", "operation_hosts", "operation_figures",
        "operation_clauses", "operation_work", "operation_checks", "operation_recover", "operation_creates_ledger", "operation_run_id",
        "operation_keeper_file", "operation_artefacts", "operation_by_hand", "operation_of_the_future", "__operation_outcome", "__operation_request",
    ],
)  # fmt: skip
def test_what_the_playbook_decides_is_refused_by_name(name: str) -> None:
    assert refusal(["operation_now", name]) == (
        f"Given as extra variables (-e) were {name}: only the playbook decides that, leave it out. Nothing was changed"
    )


@pytest.mark.parametrize(
    "name", ["contract", "site_name", "operation_rehearsals_allowed", "operation_mail_to", "operation_webhook_url"]
)
def test_what_holds_for_the_site_is_the_inventorys(name: str) -> None:
    assert f"{name}: that holds for the site, write it into the inventory's group_vars" in refusal([name])


def test_both_kinds_are_named_at_once() -> None:
    said = refusal(["contract", "operation_verb", "__operation_gate"])
    assert "were __operation_gate, operation_verb: only the playbook decides that" in said
    assert "; contract: that holds for the site" in said


def test_every_name_that_is_listed_is_a_variable_of_the_role() -> None:
    assert {name for name in GIVEN | OF_THE_SITE if name.startswith("operation_")} <= set(OPTIONS["options"])


@pytest.mark.parametrize("playbook", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_nothing_that_a_playbook_sets_can_be_forced(playbook: Path) -> None:
    tasks = [task for play in yaml.safe_load(playbook.read_text()) for task in play.get("tasks", [])]
    decided = {name for task in tasks for name in task.get("vars", {}) if name.startswith("operation_")}
    assert [name for name in sorted(decided) if not refusal([name])] == []


def test_an_action_sees_extra_variables_however_they_are_given(tmp_path: Path) -> None:
    (tmp_path / "action_plugins").mkdir()
    (tmp_path / "action_plugins" / "look.py").write_text(ACTION)
    (tmp_path / "survey.yml").write_text("operation_hosts: [db1]\n")
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"inside": 1},
            "tasks": [{"look": {}, "register": "seen"}, {"debug": {"var": "seen.msg"}}],
        }
    ]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    extra = ["-e", "operation_verb=inspect", "-e", '{"__operation_gate": {"refusal": ""}}', "-e", "@survey.yml"]
    program = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local", "play.yml", *extra]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert 'given: __operation_gate operation_hosts operation_verb"' in done.stdout.replace("'", '"'), (
        done.stdout + done.stderr
    )


def found_out() -> set[str]:
    """Return the names under which roles and playbooks keep what they find out, but for those that a person may give as well."""
    names, options = set(), set()
    for path in [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/**/*.yml")]:
        for task in tasks_of(yaml.safe_load(path.read_text("utf-8")) or []):
            names |= {str(task.get("register") or "__"), *(task.get("ansible.builtin.set_fact") or {})}
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text("utf-8"))["argument_specs"].values():
            options |= set(entry.get("options") or {})
    return {name for name in names - options if not name.startswith(("__", "operation_"))}


def tasks_of(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield tasks, also those within plays and blocks."""
    for entry in entries:
        yield entry
        for part in ("tasks", "block", "rescue", "always"):
            yield from tasks_of(entry.get(part) or [])


def test_what_roles_find_out_is_not_for_a_person_to_give() -> None:
    for_the_vendor_alone = {
        "approve_result",
        "pack_release_result",
        "secrets_escrow",
    }  # their playbooks are no operations
    missing = {name for name in found_out() - for_the_vendor_alone if not refusal([name])}
    assert missing == set()
    for name in ("restore_over_serving_database", "record_by_hand", "ansible_failed_result", "ledger_actor"):
        assert name in refusal([name])
