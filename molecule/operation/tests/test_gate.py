"""The gate, row by row of DESIGN's table: refused by its exact message, nothing changed on any host, and a record that says so."""

import json
from datetime import timedelta

import pytest
from flows import LAB, ROOT, at, install, play
from operations import FILE, HOSTS, contract, entries, last_record, marks, now, verb, verify

HOURS = timedelta(hours=1)


def refused(message, record_reason=None, **variables):
    """Run the verb with a new mark; see that it is refused with a message and leaves nothing but its record."""
    before, known = marks(), len(entries())
    run = verb(**{"flow_verb": "upgrade", "flow_mark": "must not be reached", **variables})
    assert run.status != 0
    assert run.says(message), run.output[-3000:]
    assert run.says("Nothing was changed")
    assert run.changed == {}
    assert marks() == before
    assert len(entries()) == known + 1
    record = last_record()
    assert record["outcome"] == "refused"
    assert (record_reason or message) in record["reason"]
    assert record["verb"] == variables.get("flow_verb", "upgrade")
    return record


def approved(tmp_path, verb_name="upgrade", **variables):
    """Have the hospital approve a verb; return the file of the approval."""
    archive = LAB / "releases" / "trauma-1.0.0.tar.gz"
    given = {
        "approve_verb": verb_name,
        "approve_contact": "approver",
        "approve_key": LAB / "approval_key",
        "approve_destination": tmp_path,
        "approve_subject_file": archive,
        "approve_hours": 2,
        **variables,
    }
    words = [word for name, value in given.items() for word in ("-e", f"{name}={value}")]
    run = play("approve", *words)
    assert run.status == 0, run.output[-3000:]
    (document,) = tmp_path.glob("approval-*.json")
    return document


def sha256():
    """Return the SHA-256 of the release."""
    import hashlib

    return hashlib.sha256((LAB / "releases" / "trauma-1.0.0.tar.gz").read_bytes()).hexdigest()


def test_a_converged_verb_has_a_record_with_its_figures():
    run = verb()
    assert run.succeeded, run.output[-3000:]
    opened, closed = entries()[-2:]
    assert (opened["kind"], closed["kind"]) == ("open", "close")
    record = closed["record"]
    assert (record["site"], record["verb"], record["outcome"], record["clauses"]) == ("lab", "site", "success", ["5.1"])
    assert record["figures"] == {"waited_seconds": 0}
    assert record["versions_after"] == {"flow": "1"}
    assert set(record["hosts"]) == set(HOSTS)
    assert record["window"]["state"] == "open"
    assert "@" in record["actor"]


def test_outside_every_window():
    closed = contract(opens_in=3 * HOURS)
    opening = (now() + 3 * HOURS).strftime("%Y-%m-%d %H:%M UTC")
    refused(f"the next opening is {opening}", contract=closed)


def test_too_little_time_left_for_work_and_rollback():
    record = refused(
        "are left before the cutoff, and work with rollback needs 1h30m",
        contract=contract(),
        operation_expected="1h30m",
    )
    assert record["window"]["state"] == "open"


def test_in_a_freeze():
    days = [(now() + timedelta(days=days)).strftime("%Y-%m-%d") for days in (-1, 1)]
    freeze = {"name": "accreditation", "from": days[0], "to": days[1], "reason": "JCI visit"}
    record = refused("accreditation", contract=contract(freezes=[freeze]))
    assert record["window"]["state"] == "frozen"


def test_a_contract_that_is_wrong_is_refused_whole_with_every_error():
    wrong = contract()
    wrong["windows"][0].update(duration="7 hours", start="25:00")
    before, known = marks(), len(entries())
    run = verb(contract=wrong)
    assert run.status != 0
    assert run.says('contract.windows[0].duration: "7 hours" is no duration, write 7h'), run.output[-3000:]
    assert run.says("contract.windows[0].start")
    assert (run.changed, marks(), len(entries())) == ({}, before, known + 1)


def test_the_calendar_of_that_year_is_not_published():
    record = refused("2031", contract=contract(), operation_now="2031-03-04T12:00:00+00:00", operation_rehearsal=True)
    assert record["window"]["state"] == "unknown"
    assert record["rehearsal"] is True


def test_a_time_is_given_in_rehearsals_only():
    refused("is for rehearsals; add operation_rehearsal=true", operation_now="2026-10-01T23:00:00+08:00")


def test_without_an_approval():
    refused("upgrade needs the hospital's approval; let it make one with traumalink.ops.approve", contract=contract())


def test_with_an_approval_for_another_release(tmp_path):
    document = approved(tmp_path)
    refused(
        "not for the release or plan with SHA-256",
        contract=contract(),
        operation_approval=str(document),
        flow_subject="0" * 64,
    )


def test_with_an_expired_approval(tmp_path):
    document = approved(tmp_path)
    later = (now() + timedelta(hours=3)).isoformat()
    refused(
        "expired at",
        contract=contract(opens_in=-HOURS, lasts="12h"),
        operation_approval=str(document),
        flow_subject=sha256(),
        operation_now=later,
        operation_rehearsal=True,
    )


def test_with_an_approval_that_was_changed_after_it_was_signed(tmp_path):
    document = approved(tmp_path)
    content = document.read_bytes()
    changed = content.replace(sha256().encode(), b"0" * 64)
    assert changed != content
    document.write_bytes(changed)
    refused(
        f"The signature by approver does not fit {document.name}",
        contract=contract(),
        operation_approval=str(document),
        flow_subject="0" * 64,
    )


def test_with_an_approval_and_no_word_of_which_release_is_meant(tmp_path):
    refused(
        "upgrade is approved for one release or plan, and this run names none",
        contract=contract(),
        operation_approval=str(approved(tmp_path)),
    )


@pytest.mark.parametrize(
    "forced", ["operation_verb=inspect", "operation_restarts=false", "__operation_outcome=success"]
)
def test_a_variable_that_would_force_the_gate_is_refused(forced):
    before, known = marks(), len(entries())
    run = verb("-e", forced, flow_verb="upgrade", flow_mark="must not be reached", contract=contract())
    assert run.status != 0
    assert run.says(f"{forced.partition('=')[0]}: only the playbook decides that, leave it out"), run.output[-3000:]
    assert (run.changed, marks(), len(entries())) == ({}, before, known + 1)
    assert last_record()["outcome"] == "refused"


def test_variables_that_together_would_undo_what_never_began_reach_nothing():
    tasks = ROOT / "molecule" / "operation" / "resources" / "tasks" / "work.yml"  # changes the mark
    opened = {"record": {}, "keeper_file": "", "recoveries": []}
    forced = {"__operation_outcome": "failed", "__operation_opened": opened, "__operation_failure": {"ours": True, "unreached": []}, "operation_recover": str(tasks)}  # fmt: skip
    before, known = marks(), len(entries())
    run = verb("-e", json.dumps(forced), flow_verb="upgrade", flow_mark="must not be reached", contract=contract())
    assert run.status != 0
    assert run.says("__operation_outcome, operation_recover: only the playbook decides that"), run.output[-3000:]
    assert (run.changed, marks(), len(entries())) == ({}, before, known + 1)
    assert last_record()["outcome"] == "refused"


def test_what_holds_for_the_site_cannot_be_given_with_a_run():
    run = verb("-e", json.dumps({"contract": contract()}), flow_mark="must not be reached")
    assert run.status != 0
    assert run.says("contract: that holds for the site, write it into the inventory's group_vars"), run.output[-3000:]
    assert last_record()["outcome"] == "refused"


def test_an_approval_is_used_once(tmp_path):
    given = {
        "flow_verb": "upgrade",
        "contract": contract(expected={"upgrade": {"work": "10m"}}),
        "operation_approval": str(approved(tmp_path)),
        "flow_subject": sha256(),
    }
    run = verb(**given)
    assert run.succeeded, run.output[-3000:]
    record = last_record()
    assert record["approval"]["approver"] == "approver"
    assert record["approval"]["key"].startswith("SHA256:")
    refused("was used by " + record["run_id"], **given)


def test_an_emergency_opens_the_gate_and_stands_in_the_record():
    run = verb(
        flow_verb="upgrade",
        contract=contract(opens_in=3 * HOURS),
        operation_emergency_reason="the application hangs",
        operation_emergency_by="approver",
    )
    assert run.succeeded, run.output[-3000:]
    assert run.says("an approval afterwards is due")
    assert run.says("goes on as an emergency, and nobody was told"), run.output[-3000:]  # no contact has a mail address
    assert "nobody was told" in last_record()["figures"]["emergency_undelivered"]
    assert last_record()["emergency"] == {"reason": "the application hangs", "by": "approver"}


def test_an_emergency_needs_a_contact_of_the_contract():
    refused(
        "operation_emergency_by 'somebody' is no contact of the contract; use one of approver",
        contract=contract(opens_in=3 * HOURS),
        operation_emergency_reason="the application hangs",
        operation_emergency_by="somebody",
    )


@pytest.mark.parametrize(
    ("flow_verb", "variables", "allowed"),
    [
        ("backup", {}, True),
        pytest.param("site", {}, True, marks=pytest.mark.soak),
        ("site", {"flow_restarts": True}, False),
        pytest.param("restore", {}, True, marks=pytest.mark.soak),
        ("restore", {"flow_serving": True}, False),
        pytest.param("maintain_database", {}, False, marks=pytest.mark.soak),
        ("rollback", {}, True),
        pytest.param("inspect", {}, True, marks=pytest.mark.soak),
    ],
)
def test_outside_a_window_only_what_disturbs_nobody_runs(flow_verb, variables, allowed):
    given = {"flow_verb": flow_verb, "contract": contract(opens_in=3 * HOURS), **variables}
    if allowed:
        run = verb(**given)
        assert run.succeeded, run.output[-3000:]
        assert last_record()["verb"] == flow_verb
    else:
        refused(f"{flow_verb} of lab is refused", **given)


def test_a_contract_makes_a_verb_stricter():
    refused(
        "the next opening is",
        flow_verb="backup",
        contract=contract(opens_in=3 * HOURS, policies={"backup": {"window": "required"}}),
    )


def test_a_check_that_says_no_is_a_refusal():
    before, known = marks(), len(entries())
    run = verb(flow_mark="must not be reached", flow_check_fails=True)
    assert run.status != 0
    assert run.changed == {}
    assert marks() == before
    assert len(entries()) == known + 1
    assert (last_record()["outcome"], "the check says no" in last_record()["reason"]) == ("refused", True)


def test_check_mode_shows_the_gate_and_writes_nothing():
    before, known = marks(), len(entries())
    run = verb("--check", flow_mark="would be written")
    assert run.succeeded, run.output[-3000:]
    assert (marks(), len(entries())) == (before, known)
    closed = verb("--check", flow_verb="maintain_database", contract=contract(opens_in=3 * HOURS))
    assert closed.status != 0
    assert closed.says("the next opening is")
    assert len(entries()) == known


def test_a_host_whose_clock_is_an_hour_ahead(tmp_path):
    install("db1", "libfaketime")
    wrapper = '#!/bin/sh\nexec env LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME=+1h /usr/bin/python3 "$@"\n'
    at("db1").check_output(
        "printf %s > /usr/local/bin/late-python; chmod 755 /usr/local/bin/late-python; echo done", wrapper
    )
    (tmp_path / "hosts.yml").write_text(
        "all: {hosts: {db1: {ansible_python_interpreter: /usr/local/bin/late-python}}}\n"
    )
    before, known = marks(), len(entries())
    run = verb(
        inventories=(ROOT / "inventories" / "lab", LAB / "inventory", tmp_path),
        flow_mark="must not be reached",
    )
    assert run.status != 0
    assert run.says("the clock of db1 is 3600 s ahead of the controller's, more than 5 s"), run.output[-3000:]
    assert (run.changed, marks(), len(entries())) == ({}, before, known + 1)
    assert last_record()["outcome"] == "refused"


def test_the_chain_fits_and_the_witness_has_seen_its_head():
    run = play("ledger", "-e", "ledger_action=verify")
    assert run.succeeded, run.output[-3000:]
    assert run.says("entries fit"), run.output[-3000:]
    record = last_record()
    assert (record["verb"], record["outcome"], record["clauses"]) == ("ledger", "success", ["4.8"])
    assert record["figures"]["kept_to"] == record["figures"]["entries"] == len(entries()) - 2
    lines = at("edge1").check_output("cat /var/lib/traumalink-witness/lab.jsonl").splitlines()
    assert f'"sequence": {len(entries())}' in lines[-1]
    assert "BEGIN SSH SIGNATURE" in lines[-1]


def test_an_end_that_was_cut_off_is_named_and_gets_nothing_added():
    assert verb().succeeded
    count = len(entries())
    cut = f"import sqlite3; c = sqlite3.connect('{FILE}'); c.executescript('PRAGMA writable_schema=1'); "
    cut += "[c.execute(f'DROP TRIGGER {row[0]}') for row in c.execute(\"SELECT name FROM sqlite_master WHERE type='trigger'\").fetchall()]; "
    cut += f"c.execute('DELETE FROM head WHERE sequence = {count}'); c.execute('DELETE FROM entry WHERE sequence = {count}'); c.commit()"
    folder = FILE.rpartition("/")[0]
    at("ops1").check_output(f"cp -a {folder} /var/lib/ledger-aside && python3 -c %s && echo cut", cut)
    try:
        done = verify()
        assert done.returncode != 0, done.stdout[-2000:]
        before = marks()
        refused = verb(flow_mark="must not be reached")
        assert refused.status != 0
        assert refused.says(f"The ledger of lab is shorter than it was: the witness has seen entry {count}"), (
            refused.output[-3000:]
        )
        assert refused.says("is kept on this controller"), refused.output[-3000:]
        assert (len(entries()), marks()) == (count - 1, before)
    finally:
        at("ops1").check_output(f"rm -rf {folder} && mv /var/lib/ledger-aside {folder} && echo back")
    assert verify().returncode == 0
    assert verb().succeeded
    (kept,) = (entry["record"] for entry in entries()[count : count + 1])
    assert (kept["outcome"], kept["imported"]) == ("refused", True)
    assert "shorter than it was" in kept["reason"]
