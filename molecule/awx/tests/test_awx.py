"""What AWX holds after the role: everything of the site and nothing twice; what goes when it is asked, what stays, and what is refused."""

import json
import os
import signal
import sys
import threading
import urllib.request

import pytest
from flows import LAB, ROOT, converge, play

sys.path.insert(0, str(ROOT / "tests" / "fake_awx"))
import fake_awx
from awx_runs import RunningAwx

ADMIN = "token-of-admin"
FILLED_IN = "what a person typed"
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
PERSONAL = {"approve", "awx", "escrow", "pack_release", "secrets"}  # no AWX runs these


@pytest.fixture(scope="module")
def told():
    """Tell address and tokens of the fake that was converged; end it when all has been seen."""
    found = json.loads((LAB / "awx" / "fake_awx.json").read_text())
    yield found
    os.kill(found["process"], signal.SIGTERM)


@pytest.fixture(scope="module")
def held(told):
    """Ask it for everything of an endpoint, by name."""

    def ask(path, name="name"):
        headers = {"Authorization": f"Bearer {told['tokens']['admin']}"}
        request = urllib.request.Request(f"{told['url']}/api/v2/{path}", headers=headers)  # noqa: S310 - on loopback
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
            found = json.load(answer)
        return {each[name]: each for each in found["results"]} if "results" in found else found

    return ask


@pytest.fixture
def other():
    """Give a fake with nothing in it, of which a test can see the inside."""
    awx = RunningAwx([f"playbooks/{name}.yml" for name in PLAYBOOKS], ["lab"], {ADMIN: ("admin", "write")})
    server = fake_awx.serve(awx)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    awx.reach = {"awx_host": f"http://127.0.0.1:{server.server_port}", "awx_token": ADMIN}
    yield awx
    server.shutdown()


def apply(awx, *arguments, **variables):
    """Converge a fake of one's own with few playbooks, so that it takes seconds."""
    given = {**awx.reach, "awx_playbooks": ["backup", "drill"], "awx_webhook_url": "", "awx_mail_to": [], **variables}
    return converge("-e", json.dumps(given), *arguments)


def names(awx, kind):
    """Return the names of what a fake holds of a kind."""
    return sorted(each.get("name") or each["identifier"] for each in awx.things[kind].values())


def wrote(awx):
    """Return the requests that write."""
    return [each for each in awx.asked if not each.startswith("GET")]


def test_every_playbook_that_awx_can_run_has_a_template(held):
    templates = held("job_templates/?page_size=200")
    assert {each["playbook"] for each in templates.values()} == {
        f"playbooks/{name}.yml" for name in set(PLAYBOOKS) - PERSONAL
    }
    assert [name for name in templates if not name.startswith("lab ")] == []
    plan = templates["lab upgrade plan"]
    assert (plan["job_type"], json.loads(plan["extra_vars"])) == ("check", {"operation_preview": True})


def test_people_are_asked_what_only_they_know(held):
    restore = held("job_templates/?page_size=200")["lab restore"]
    spec = held(restore["related"]["survey_spec"].removeprefix("/api/v2/"))["spec"]
    assert [each["variable"] for each in spec if each["required"]] == ["restore_confirm"]
    assert restore["ask_variables_on_launch"] is True
    assert held("job_templates/?page_size=200")["lab backup"]["ask_variables_on_launch"] is False


def test_no_credential_holds_anything(held):
    credentials = held("credentials/")
    assert sorted(credentials) == ["lab approvals", "lab machine", "lab vault"]
    assert {json.dumps(each["inputs"]) for each in credentials.values()} == {"{}"}


def test_schedules_are_the_contract_s_in_its_time_zone(held):
    schedules = held("schedules/")
    rules = {name: (each["rrule"].partition(" RRULE:")[2], each["extra_data"]) for name, each in schedules.items()}
    assert rules["lab backup nightly"] == ("FREQ=DAILY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR,SA", {"backup_type": "auto"})
    assert rules["lab backup full weekly"] == ("FREQ=WEEKLY;INTERVAL=1;BYDAY=SU", {"backup_type": "full"})
    assert rules["lab backup check monthly"][0] == "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=1"
    assert rules["lab drill twice a month"][0] == "FREQ=MONTHLY;INTERVAL=1;BYDAY=SU;BYSETPOS=1,3"
    assert {each["rrule"].split(":")[0] for each in schedules.values()} == {"DTSTART;TZID=Asia/Shanghai"}


def test_an_upgrade_waits_for_the_hospital_between_plan_and_work(held):
    nodes = held("workflow_job_template_nodes/", "identifier")
    order, node = [], nodes["playbooks"]
    while True:
        order.append(node["identifier"])
        following = held(f"workflow_job_template_nodes/{node['id']}/success_nodes/", "identifier")
        if not following:
            break
        ((_name, node),) = following.items()
    assert order == ["playbooks", "inventory", "plan", "approval", "upgrade", "versions", "verify"]
    approval = held(nodes["approval"]["related"]["unified_job_template"].removeprefix("/api/v2/"))
    assert (approval["name"], approval["timeout"]) == ("lab approve upgrade", 12 * 3600)


def test_the_hospital_reads_and_approves_and_the_vendor_runs(held):
    (organization,) = held("organizations/").values()
    teams = {
        role: list(held(f"roles/{organization['summary_fields']['object_roles'][f'{role}_role']['id']}/teams/"))
        for role in ("auditor", "approval", "execute")
    }
    assert teams == {"auditor": ["lab hospital"], "approval": ["lab hospital"], "execute": ["lab vendor"]}


def test_applying_it_again_changes_nothing(told):
    run = converge()
    assert run.succeeded, run.output[-3000:]
    assert run.changed == {}


def test_check_mode_on_an_empty_awx_says_what_would_be_made_and_makes_nothing(other):
    run = apply(other, "--check")
    assert run.succeeded, run.output[-3000:]
    assert run.says("job_templates: lab backup, lab drill")
    assert wrote(other) == []


def test_what_is_not_wanted_any_more_goes_only_when_it_is_asked_and_nothing_else_with_it(other):
    mail = {"awx_mail_to": ["duty@vendor.example.org"]}
    assert apply(other, **mail).succeeded
    (notified,) = other.things["notification_templates"].values()
    # AWX shows no password, and the module alone would take it for a change each time.
    notified["notification_configuration"] |= {"password": FILLED_IN}
    organization = other.things["organizations"][min(other.things["organizations"])]["id"]
    other.create("teams", {"name": "lab_two hospital", "organization": organization})
    machine = next(each["id"] for each in other.things["credential_types"].values() if each["name"] == "Machine")
    other.create("credentials", {"name": "lab old", "organization": organization, "credential_type": machine})
    run = apply(other, "--check", awx_playbooks=["backup"], **mail)
    assert run.succeeded, run.output[-3000:]
    assert run.changed == {}
    assert run.says(
        "lab drill twice a month, lab drill: AWX holds it for lab, and it is not wanted any more; -e awx_prune=true removes it"
    )
    run = apply(other, awx_playbooks=["backup"], awx_prune=True, **mail)
    assert run.changed == {"localhost": 2}, run.output[-3000:]
    assert names(other, "job_templates") == ["lab backup"]
    assert "lab drill twice a month" not in names(other, "schedules")
    assert names(other, "teams") == ["lab hospital", "lab vendor", "lab_two hospital"]
    assert run.says("lab old: not wanted any more; remove it at AWX")
    assert names(other, "credentials") == ["lab approvals", "lab machine", "lab old", "lab vault"]


def test_what_somebody_filled_in_at_awx_stays_and_what_they_changed_does_not(other):
    mail = {"awx_playbooks": ["backup"], "awx_mail_to": ["duty@vendor.example.org"]}
    assert apply(other, **mail).succeeded
    (notified,) = other.things["notification_templates"].values()
    notified["notification_configuration"] |= {"password": FILLED_IN}
    (machine,) = [each for each in other.things["credentials"].values() if each["name"] == "lab machine"]
    machine["inputs"] = {"ssh_key_data": FILLED_IN}
    (nightly,) = [each for each in other.things["schedules"].values() if each["name"] == "lab backup nightly"]
    nightly["enabled"] = False
    other.asked.clear()
    run = apply(other, **mail, awx_mail_host="mail.example.org")
    assert run.changed == {"localhost": 2}, run.output[-3000:]
    changed = [f"/api/v2/notification_templates/{notified['id']}/", f"/api/v2/schedules/{nightly['id']}/"]
    assert [each for each in wrote(other) if "inventories" not in each] == [f"PATCH {each}" for each in changed]
    assert nightly["enabled"] is True
    assert notified["notification_configuration"]["host"] == "mail.example.org"
    assert notified["notification_configuration"]["password"] == FILLED_IN
    assert machine["inputs"] == {"ssh_key_data": FILLED_IN}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"awx_project_url": ""}, "awx_project_url is empty: give the address of the repository"),
        (
            {"awx_playbooks": ["approve"]},
            "awx_playbooks names what AWX does not run (approve: the approver's key stays with the person",
        ),
        ({"awx_playbooks": ["backups"]}, "awx_playbooks names backups, which the collection has not"),
        (
            {"awx_project_type": "manual", "awx_project_url": "", "awx_project_path": "elsewhere"},
            "already being used by another manual project",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words(other, variables, said):
    run = apply(other, **variables)
    assert run.status == 2
    assert run.says(said), run.output[-3000:]
    assert names(other, "job_templates") == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            "DTSTART;TZID=Asia/Shanghai:20250101T013000 RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=1SU",
            "BYDAY with numeric prefix not supported",
        ),
        ("DTSTART;TZID=Asia/Shanghai:20250101T013000 RRULE:FREQ=DAILY", "INTERVAL required in rrule"),
    ],
)
def test_awx_refuses_a_schedule_that_breaks_its_rules(told, tmp_path, rule, said):
    book = tmp_path / "schedule.yml"
    reach = {"controller_host": told["url"], "controller_oauthtoken": told["tokens"]["admin"]}
    given = {**reach, "name": "lab wrong", "unified_job_template": "lab backup", "rrule": rule}
    task = {"name": "Make it", "awx.awx.schedule": given}
    book.write_text(
        json.dumps(
            [{"name": "Wrong", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}]
        )
    )
    run = play(book)
    assert run.status == 2
    assert run.says(said)
    assert run.says("'backup_type' value missing") is False
