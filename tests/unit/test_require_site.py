"""What Ansible would skip and call a success is refused, whatever --limit leaves of the inventory. No host is asked anything."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
SITE = {"edge": ["edge1"], "app": ["app1"], "db": ["db1"], "ops": ["ops1"], "elsewhere": ["bare1"]}
SPARE = {**SITE, "db_spare": ["db2"]}
WITHOUT_OPS = ["-e", '{"require_site_without_ops": true}']


def run(folder: Path, groups: dict[str, list[str]], *options: str) -> subprocess.CompletedProcess[str]:
    """Run the play that stands before every verb."""
    secret = dict.fromkeys(("site_ca_private_key", "backup_cipher_passphrase"), "x" * 20)
    inventory = {
        "all": {
            "vars": {"site_name": "lab", "ansible_host": "192.0.2.1", **secret},
            "children": {group: {"hosts": dict.fromkeys(hosts)} for group, hosts in groups.items()},
        }
    }
    (folder / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
    argv = ["ansible-playbook", "-i", str(folder / "hosts.json"), str(PLAYBOOKS / "shared/require_site.yml"), *options]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("groups", "options", "said"),
    [
        (SITE, ["--limit", "bare1"], "This run leaves out ops1, which keeps the record of everything"),
        (SITE, ["--limit", "db"], "run without --limit, or with at least"),
        (SITE, ["--tags", "wal"], "--tags leaves parts of an operation out"),
        (SITE, ["--limit", "bare1", "--tags", "wal"], "--tags leaves parts of an operation out"),
        (SITE, ["-e", "restore_host=app1"], "restore_host app1 is no database host of the site"),
        (
            SPARE,
            ["--limit", "db:ops", *WITHOUT_OPS, "-e", "restore_host=db2"],
            "with at least --limit db2:ops1. Nothing",
        ),
        (SITE, ["--limit", "app1", "-e", '{"require_site_without_ops": true}'], "This run leaves out db1; run without"),
        ({"elsewhere": ["bare1"]}, ["--limit", "bare1"], "the inventory has no host in group 'ops'"),
        ({}, [], "the inventory has no host in group 'ops'"),
    ],
)
def test_refuses_what_would_do_nothing(
    tmp_path: Path, groups: dict[str, list[str]], options: list[str], said: str
) -> None:
    done = run(tmp_path, groups, *options)
    assert done.returncode != 0
    assert said in " ".join(done.stdout.replace("''", "'").split())


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--limit", "db:ops"],
        ["--limit", "ops1"],
        ["--limit", "app:db", *WITHOUT_OPS],
        ["--limit", "app:db2:ops", *WITHOUT_OPS, "-e", "restore_host=db2"],
    ],
)
def test_lets_through_what_takes_in_the_ops_host(tmp_path: Path, options: list[str]) -> None:
    done = run(tmp_path, SPARE, *options)
    assert done.returncode == 0, done.stdout
