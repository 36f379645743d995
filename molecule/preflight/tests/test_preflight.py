"""What is no site is refused with what to do, before anything is changed; a site passes."""

import json

import pytest
from flows import LAB, ROOT, converge, play

SITE = {"edge": ["edge1"], "app": ["app1"], "db": ["db1"], "ops": ["ops1"]}
VARIABLES = ROOT / "inventories" / "lab" / "group_vars"


def inventory(tmp_path, groups):
    """Write an inventory with these groups and the lab's variables."""
    children = {group: {"hosts": {host: {} for host in hosts}} for group, hosts in groups.items()}
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"children": children}}))
    (tmp_path / "group_vars").symlink_to(VARIABLES)
    return (tmp_path, LAB / "inventory")


def test_a_site_passes():
    assert converge().succeeded


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (
            {**SITE, "ops": []},
            "the inventory has no host in group 'ops' (the backup repository and the ledger); add one",
        ),
        ({**SITE, "db": ["db1", "app2"]}, "group 'db' has 2 hosts (db1, app2); it takes 1"),
        (
            {**SITE, "ops": ["db1"]},
            "db1 is in 'db' and in 'ops'; backups must outlive the database's host, so name another",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["site", "backup", "restore", "deploy"])
def test_every_verb_refuses_an_inventory_that_is_no_site(tmp_path, groups, message, verb):
    run = play(verb, inventories=inventory(tmp_path, groups))
    assert run.status != 0
    assert run.says(message), run.output[-2000:]
    assert run.changed == {}


def test_refuses_a_name_that_is_none():
    run = play("site", "-e", "site_name='Central Hospital'")
    assert run.status != 0
    assert run.says("site_name 'Central Hospital' is no name")


@pytest.mark.parametrize("password", ["", "not the password of this site"])
def test_says_how_to_open_the_vault(tmp_path, password):
    wrong = tmp_path / "password"
    wrong.write_text(password + "\n")
    run = play("site", ANSIBLE_VAULT_PASSWORD_FILE=str(wrong) if password else "")
    assert run.status != 0
    assert run.says("Give the vault password with which they were made"), run.output[-2000:]
    assert run.changed == {}
