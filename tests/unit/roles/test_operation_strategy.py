"""The role `operation` in a play of somebody's own: a strategy under which each host runs for itself would begin one operation a host."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

PLAY = """
- hosts: ops:db
  gather_facts: false
  {strategy}
  tasks:
    - ansible.builtin.include_role: {{name: traumalink.ops.operation}}
      vars:
        operation_verb: report
        operation_work: {work}
"""


def run(folder: Path, strategy: str) -> subprocess.CompletedProcess[str]:
    """Run the role on two hosts that are this machine; what would be kept of it lies in the folder."""
    (folder / "work.yml").write_text("- ansible.builtin.debug: {msg: the work}\n")
    (folder / "play.yml").write_text(PLAY.format(strategy=strategy, work=folder / "work.yml"))
    variables = {
        "ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}", "site_name": "lab",
        "operation_controller_records": str(folder / "records.jsonl"), "operation_controller_head": "",
    }  # fmt: skip
    groups = {name: {"hosts": {f"{name}1": None}} for name in ("ops", "db", "edge")}
    (folder / "hosts.json").write_text(json.dumps({"all": {"vars": variables, "children": groups}}), encoding="utf-8")
    argv = ["ansible-playbook", "-i", str(folder / "hosts.json"), str(folder / "play.yml")]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_each_host_for_itself_is_refused_and_leaves_no_record(tmp_path: Path) -> None:
    done = run(tmp_path, "strategy: free")
    said = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert "the play has strategy free, under which each host would begin an operation of its own" in said
    assert "write strategy: linear into the play. Nothing was changed" in said
    assert "the work" not in said
    assert not (tmp_path / "records.jsonl").exists()


def test_one_after_another_comes_to_the_gate(tmp_path: Path) -> None:
    done = run(tmp_path, "strategy: linear")
    assert "contract: null is not a mapping" in " ".join(done.stdout.split())
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 1
