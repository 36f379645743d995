"""The order of a verb's steps: whatever can be refused is looked at before anything changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


def steps(verb: str) -> list[str]:
    """Return the roles of a verb in order, an entry point other than `main` behind a slash."""
    (_require_site, play) = yaml.safe_load((PLAYBOOKS / f"{verb}.yml").read_text(encoding="utf-8"))
    included = [task["ansible.builtin.include_role"] for task in play["tasks"]]
    return ["/".join(filter(None, (role["name"].split(".")[2], role.get("tasks_from")))) for role in included]


@pytest.mark.parametrize(
    ("verb", "looks", "first_change"),
    [
        # A wrong passphrase, a lost database, a wrong signature and a truncated archive.
        ("site", ["preflight", "backup/refuse_loss", "deploy/preflight"], "certificates"),
        ("restore", ["preflight", "restore", "backup/preflight"], "restore/stop"),
        ("deploy", ["preflight", "database_endpoint"], "deploy"),
        ("backup", ["preflight", "database_endpoint"], "backup/run"),
    ],
)
def test_a_verb_looks_before_it_changes_anything(verb: str, looks: list[str], first_change: str) -> None:
    assert steps(verb)[: len(looks) + 1] == [*looks, first_change]


def test_an_empty_database_host_is_refused_by_a_deployment_and_not_by_a_restore() -> None:
    assert "backup/refuse_loss" not in steps("restore")
    begun = yaml.safe_load((PLAYBOOKS.parent / "roles/backup/tasks/refuse_loss.yml").read_text(encoding="utf-8"))
    assert begun[0]["ansible.builtin.import_tasks"] == "preflight.yml"


@pytest.mark.parametrize("verb", ["site", "deploy", "backup", "restore"])
def test_each_entry_point_that_is_called_is_described(verb: str) -> None:
    for step in steps(verb):
        role, _, entry_point = step.partition("/")
        path = PLAYBOOKS.parent / "roles" / role / "meta/argument_specs.yml"
        assert (entry_point or "main") in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
