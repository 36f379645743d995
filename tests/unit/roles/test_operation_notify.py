"""The tasks that send a message, on this machine: whom nobody answers for, no operation fails."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

PLAY = """
- hosts: db1,ops1
  gather_facts: false
  connection: local
  tasks:
    - ansible.builtin.include_role: {name: traumalink.ops.operation, tasks_from: notify}
      loop: "{{ notices }}"
      loop_control: {loop_var: __operation_notice}
      vars: {__operation_webhook_url: "{{ webhook_url }}"}
    - ansible.builtin.debug: {msg: "unsent {{ __operation_unsent | to_json }}"}
"""


def test_what_was_not_delivered_is_kept_with_its_event_for_every_host(tmp_path: Path) -> None:
    notices = [
        {"event": "emergency", "subject": "s", "text": "t", "mail_to": ["li.na@hospital.example.org"], "webhook": None},
        {"event": "refused", "subject": "s", "text": "t", "mail_to": [], "webhook": None},
        {"event": "emergency_ended", "subject": "s", "text": "t", "mail_to": [], "webhook": {"a": "b"}},
    ]
    (tmp_path / "play.yml").write_text(PLAY)
    given = {
        "site_name": "lab",
        "notices": notices,
        "webhook_url": "http://127.0.0.1:1/S3cret",
        "operation_mail_host": "127.0.0.1",
        "operation_mail_port": 1,
    }
    argv = ["ansible-playbook", "-i", "db1,ops1,", str(tmp_path / "play.yml"), "-e", json.dumps(given)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    said = "".join((done.stdout + done.stderr).replace("\\", "").split())
    assert done.returncode == 0, done.stdout + done.stderr
    unsent = [
        {"event": "emergency", "what": "The mail was not sent: the mail server cannot be reached, or the module broke off."},
        {"event": "emergency_ended", "what": "The webhook did not answer."},
    ]  # fmt: skip
    assert said.count("".join(f"unsent {json.dumps(unsent)}".split())) == 2, done.stdout
    assert "S3cret" not in done.stdout + done.stderr
