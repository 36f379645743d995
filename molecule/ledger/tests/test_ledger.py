"""A ledger that its own system user alone can read, that root does not take over, and that stays when the role runs again."""

import secrets

from flows import SCENARIO, at, converge, play

FOLDER = "/var/lib/traumalink-ledger"
FILE = f"{FOLDER}/ledger.sqlite"


def operation(run_id, outcome="success"):
    """Work through one operation."""
    return play(SCENARIO / "operation.yml", "-e", f"run_id={run_id}", "-e", f"outcome={outcome}")


def new_run_id():
    """Return a run id that no earlier run of this test has used."""
    return f"20261125-033000-{secrets.token_hex(3)}"


def entries():
    """Count the entries, as the ledger's user."""
    count = f"import sqlite3; print(sqlite3.connect('{FILE}').execute('SELECT count(*) FROM entry').fetchone()[0])"
    return int(at("ops1").check_output("runuser -u traumalink-ledger -- python3 -c %s", count))


def test_folder_and_file_belong_to_a_system_user_without_a_shell():
    user = at("ops1").user("traumalink-ledger")
    assert (user.shell, user.home) == ("/usr/sbin/nologin", FOLDER)
    assert user.uid < 1000
    assert at("ops1").check_output("getent shadow traumalink-ledger | cut -d: -f2").startswith("!")
    for path, mode in ((FOLDER, 0o700), (FILE, 0o600)):
        found = at("ops1").file(path)
        assert (found.user, found.group, found.mode) == ("traumalink-ledger", "traumalink-ledger", mode), path


def test_nobody_else_can_read_it():
    for user in ("nobody", "www-data"):
        assert at("ops1").run("runuser -u %s -- cat %s", user, FILE).rc != 0


def test_an_operation_is_recorded_and_found_and_root_takes_nothing_over():
    run_id, before = new_run_id(), entries()
    run = operation(run_id)
    assert run.succeeded, run.output[-3000:]
    assert run.says("found 1 record of molecule@controller"), run.output[-2000:]
    assert entries() == before + 2
    assert set(at("ops1").check_output(f"stat -c %U:%a {FOLDER}/*").split()) == {"traumalink-ledger:600"}


def test_a_run_id_is_used_once():
    run_id = new_run_id()
    assert operation(run_id).succeeded
    before = entries()
    again = operation(run_id, "failed")
    assert again.status != 0
    assert again.says(f"The run id {run_id} was used before"), again.output[-2000:]
    assert entries() == before


def test_the_module_leaves_nothing_of_itself_in_tmp():
    at("ops1").check_output("rm -rf /tmp/ansible_traumalink.ops.ledger* && echo clean")
    assert operation(new_run_id()).succeeded
    assert at("ops1").run("ls -d /tmp/ansible_traumalink.ops.ledger*").rc != 0


def test_the_role_leaves_a_ledger_as_it_is():
    before = entries()
    assert before > 0
    assert converge().changed == {}
    assert entries() == before


def test_a_ledger_that_is_gone_is_missed_by_operations_and_not_made_in_passing():
    at("ops1").check_output(f"mkdir {FOLDER}/aside && mv {FILE}* {FOLDER}/aside/ && echo moved")
    try:
        run = operation(new_run_id())
        assert run.status != 0
        assert run.says("There is no ledger at /var/lib/traumalink-ledger/ledger.sqlite."), run.output[-2000:]
        assert not at("ops1").file(FILE).exists
    finally:
        at("ops1").check_output(f"mv {FOLDER}/aside/* {FOLDER}/ && rmdir {FOLDER}/aside && echo back")
    assert operation(new_run_id()).succeeded


def test_a_lost_ledger_comes_back_by_its_file_or_is_begun_anew_by_name():
    """Last, since the lab has a new ledger afterwards."""
    seen = "/var/lib/traumalink-witness/lab.jsonl"
    head = f'{{"sequence": 999999, "hash": "{"a" * 64}", "at": "2026-11-25T03:30:00Z", "signature": ""}}'
    at("edge1").check_output(f"mkdir -p -m 700 $(dirname {seen}) && echo %s >> {seen} && echo told", head)
    try:
        at("ops1").check_output(f"mkdir {FOLDER}/away && mv {FILE}* {FOLDER}/away/ && echo moved")
        refused = converge()
        at("ops1").check_output(f"ls {FOLDER}; mv {FOLDER}/away/* {FOLDER}/ && rmdir {FOLDER}/away && echo back")
        assert refused.status != 0
        assert refused.says("The ledger of lab is gone"), refused.output[-2000:]
        assert refused.says("traumalink.ops.site -e ledger_new=lab"), refused.output[-2000:]
        before = entries()
        assert before > 1
        assert converge().changed == {}
        other = converge("-e", "ledger_new=another")
        assert other.says("ledger_new 'another' is not this site"), other.output[-2000:]
        assert converge("-e", "ledger_new=lab", "--check").changed != {}
        assert entries() == before
        anew = converge("-e", "ledger_new=lab")
        assert anew.succeeded, anew.output[-2000:]
    finally:
        at("edge1").run(f"sed -i /999999/d {seen}")
    assert entries() == 1
    assert at("ops1").run(f"ls {FOLDER}/ledger-*.sqlite").rc == 0
    assert at("edge1").run("grep -l 999999 /var/lib/traumalink-witness/lab-*.jsonl").rc == 0
    assert converge().changed == {}
    again = converge("-e", "ledger_new=lab")
    assert again.says("The ledger of lab is there and fits"), again.output[-2000:]
    assert operation(new_run_id()).succeeded
