"""The filter `serving_spares`, as Ansible calls it, and the role's task that asks it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.filter.serving_spares import FilterModule

FILTER = FilterModule().filters()["serving_spares"]
RETIRED = {"role": "retired", "timeline": 0, "successor": "db2"}
TASKS = Path(__file__).resolve().parents[4] / "roles/database_endpoint/tasks/spares.yml"


def test_gives_the_hosts() -> None:
    stale = {"item": "db1", "role": "primary", "timeline": 1, "successor": ""}
    found = FILTER("db2", {"role": "primary", "timeline": 2, "successor": ""}, [stale])
    assert found == {"hosts": ["db1"], "problem": ""}


def test_names_the_host_that_took_over() -> None:
    found = FILTER("db1", RETIRED, [])
    assert found["hosts"] == []
    assert found["problem"].startswith("db1 is retired: the database has come back on db2.")


@pytest.mark.parametrize(("answer", "status"), [(RETIRED, 2), ({"role": "absent", "timeline": 0, "successor": ""}, 0)])
def test_the_run_ends_with_these_words_alone(tmp_path: Path, answer: dict[str, Any], status: int) -> None:
    """Ansible puts its own in front of what a filter raises."""
    asking = yaml.safe_load(TASKS.read_text(encoding="utf-8"))
    judging = [task for task in asking if "ansible.builtin.set_fact" in task or "ansible.builtin.assert" in task]
    play = [{"hosts": "db", "gather_facts": False, "tasks": judging}]
    (tmp_path / "play.json").write_text(json.dumps(play), encoding="utf-8")
    variables = {"__database_endpoint_answer": answer, "__database_endpoint_spares_asked": {"results": []}}
    hosts = {"all": {"children": {"db": {"hosts": {"db1": variables}}}}}
    (tmp_path / "hosts.json").write_text(json.dumps(hosts), encoding="utf-8")
    argv = ["ansible-playbook", "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.json")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout
    said = " ".join((done.stdout + done.stderr).split())
    assert ("msg: 'db1 is retired: the database has come back on db2." in said) == bool(status)
    assert "filter plugin" not in said
