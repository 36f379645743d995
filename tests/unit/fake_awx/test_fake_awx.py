"""The fake AWX itself: it refuses what AWX refuses, in AWX's words, and shows what AWX shows."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import fake_awx
import pytest
from awx_runs import RunningAwx

RULE = "DTSTART;TZID=Asia/Shanghai:20250101T013000 RRULE:FREQ=DAILY;INTERVAL=1"
Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def awx() -> RunningAwx:
    """Give a fake with two playbooks, and an organization."""
    users = {"admin": ("admin", "write"), "li": ("li.na", "write"), "reader": ("auditor", "read")}
    fake = RunningAwx(["playbooks/backup.yml", "playbooks/upgrade.yml"], ["lab", "shared"], users)
    fake.create("organizations", {"name": "lab"})
    return fake


@pytest.fixture
def call(awx: RunningAwx) -> Iterator[Call]:
    """Give a caller: method, path, body, token; it returns status and body."""
    server = fake_awx.serve(awx)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def ask(method: str, path: str, body: Any = None, token: str = "admin") -> tuple[int, Any]:  # noqa: S107 - of the fake
        url = f"http://127.0.0.1:{server.server_port}/api/v2/{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Authorization": f"Bearer {token}"}, method=method)
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - on loopback
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "null")

    yield ask
    server.shutdown()


def organization(awx: RunningAwx) -> int:
    """Return the organization's id."""
    return min(awx.things["organizations"])


def template(awx: RunningAwx, survey: dict[str, Any] | None = None, playbook: str = "backup", **fields: Any) -> int:
    """Make a project, an inventory and a job template; return its id."""
    owner = {"organization": organization(awx)}
    project = awx.create("projects", {"name": f"p{awx.last}", "scm_type": "git", "scm_url": "https://x/y", **owner})[
        "id"
    ]
    inventory = awx.create("inventories", {"name": f"i{awx.last}", **owner})["id"]
    given = {
        "name": f"t{awx.last}",
        "project": project,
        "inventory": inventory,
        "playbook": f"playbooks/{playbook}.yml",
        **fields,
    }
    number: int = awx.create("job_templates", given)["id"]
    if survey:
        awx.surveys[("job_templates", number)] = survey
    return number


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("RRULE:FREQ=DAILY;INTERVAL=1", "Valid DTSTART required in rrule"),
        ("DTSTART:20250101T013000 RRULE:FREQ=DAILY;INTERVAL=1", "DTSTART cannot be a naive datetime"),
        (f"DTSTART;TZID=Asia/Shanghai:20250101T013000 {RULE}", "Multiple DTSTART is not supported"),
        ("DTSTART;TZID=Asia/Shanghai:20250101T013000", "One or more rule required in rrule"),
        (RULE.replace(";INTERVAL=1", ""), "INTERVAL required in rrule: RULE:FREQ=DAILY"),
        (RULE.replace("DAILY", "SECONDLY"), "SECONDLY is not supported"),
        (RULE.replace("DAILY", "MONTHLY") + ";BYDAY=1SU", "BYDAY with numeric prefix not supported"),
        (RULE + ";COUNT=1000", "COUNT > 999 is unsupported"),
        (RULE + ";COUNT=3;UNTIL=20260101T000000Z", "RRULE may not contain both COUNT and UNTIL"),
        (RULE + " EXDATE:20250103T013000Z", "EXDATE not allowed in rrule"),
        (RULE + " RDATE:20250103T013000Z", "RDATE not allowed in rrule"),
        (RULE.replace("Asia/Shanghai", "Asia/Nowhere"), "rrule parsing failed validation"),
        (RULE.replace("DAILY", "DAYLY"), "rrule parsing failed validation"),
    ],
)
def test_a_schedule_that_breaks_a_rule_is_refused(awx: RunningAwx, call: Call, rule: str, said: str) -> None:
    status, body = call("POST", "schedules/", {"name": "s", "unified_job_template": template(awx), "rrule": rule})
    assert status == 400
    assert said in json.dumps(body)
    assert awx.things["schedules"] == {}


@pytest.mark.parametrize(
    "rule", [RULE, RULE + ";COUNT=999", RULE.replace("DAILY", "MONTHLY") + ";BYDAY=SU;BYSETPOS=1,3"]
)
def test_a_schedule_that_keeps_them_is_taken(awx: RunningAwx, call: Call, rule: str) -> None:
    status, body = call("POST", "schedules/", {"name": "s", "unified_job_template": template(awx), "rrule": rule})
    assert (status, body["rrule"], body["type"]) == (201, rule, "schedule")


QUESTION = {
    "type": "multiplechoice",
    "question_name": "Kind",
    "variable": "backup_type",
    "required": True,
    "choices": ["auto", "full"],
}
SURVEY = {"name": "n", "description": "", "spec": [QUESTION]}


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, "'backup_type' value missing"),
        ({"backup_type": "weekly"}, "expected to be one of ['auto', 'full']"),
        ({"backup_type": "full", "other": "x"}, "Variables other are not allowed on launch"),
    ],
)
def test_a_schedule_must_answer_what_is_required_and_nothing_that_is_not_asked(
    awx: RunningAwx, call: Call, answers: dict[str, str], said: str
) -> None:
    asked = template(awx, SURVEY, survey_enabled=True)
    given = {"name": "s", "unified_job_template": asked, "rrule": RULE, "extra_data": answers}
    status, body = call("POST", "schedules/", given)
    assert status == 400
    assert said in json.dumps(body).replace("\\", "")
    assert call("POST", "schedules/", {**given, "extra_data": {"backup_type": "full"}})[0] == 201


def test_a_prompt_that_the_template_does_not_allow_is_refused(awx: RunningAwx, call: Call) -> None:
    given = {"name": "s", "unified_job_template": template(awx), "rrule": RULE, "limit": "db"}
    assert call("POST", "schedules/", given) == (400, {"limit": "Field is not configured to prompt on launch."})


def test_two_manual_projects_cannot_share_a_folder(awx: RunningAwx, call: Call) -> None:
    owner = organization(awx)
    assert call("POST", "projects/", {"name": "a", "organization": owner, "local_path": "shared"})[0] == 201
    said = {"local_path": ["This path is already being used by another manual project."]}
    assert call("POST", "projects/", {"name": "b", "organization": owner, "local_path": "shared"}) == (400, said)


def test_a_manual_project_has_neither_a_schedule_nor_an_inventory_of_its_own(awx: RunningAwx, call: Call) -> None:
    owner = organization(awx)
    project = awx.create("projects", {"name": "a", "organization": owner, "local_path": "lab"})["id"]
    inventory = awx.create("inventories", {"name": "i", "organization": owner})["id"]
    given = {"name": "s", "inventory": inventory, "source": "scm", "source_project": project}
    assert "Cannot use manual project" in json.dumps(call("POST", "inventory_sources/", given))
    assert "Manual Project cannot have a schedule set" in json.dumps(
        call("POST", "schedules/", {"name": "s", "unified_job_template": project, "rrule": RULE})
    )


def test_a_playbook_that_the_project_does_not_have_is_refused(awx: RunningAwx) -> None:
    with pytest.raises(Exception, match="Playbook not found for project"):
        template(awx, playbook="report")


def test_a_field_that_awx_does_not_know_is_refused_and_one_that_can_only_be_read_changes_nothing(
    awx: RunningAwx, call: Call
) -> None:
    number = template(awx)
    assert call("PATCH", f"job_templates/{number}/", {"playbok": "x"})[0] == 400
    status, body = call("PATCH", f"job_templates/{number}/", {"organization": 999})
    assert (status, body["organization"]) == (200, organization(awx))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spec": []}, "'spec' doesn't contain any items."),
        ({"spec": [QUESTION, QUESTION]}, "duplicated in survey question 1"),
        (
            {"spec": [{**QUESTION, "choices": ["auto"], "default": "full"}]},
            "Default choice must be answered from the choices listed",
        ),
        ({"spec": [{**QUESTION, "type": "date"}]}, "is not one of"),
        (
            {"spec": [{"type": "text", "variable": "a", "required": False}]},
            "'question_name' missing from survey question 0",
        ),
    ],
)
def test_a_survey_that_breaks_a_rule_is_refused(awx: RunningAwx, call: Call, change: dict[str, Any], said: str) -> None:
    status, body = call("POST", f"job_templates/{template(awx)}/survey_spec/", {**SURVEY, **change})
    assert status == 400
    assert said in body["error"]


def test_a_credential_may_be_empty_and_what_it_holds_is_not_shown(awx: RunningAwx, call: Call) -> None:
    (vault,) = [each["id"] for each in awx.things["credential_types"].values() if each["name"] == "Vault"]
    given = {"name": "v", "organization": organization(awx), "credential_type": vault}
    status, body = call("POST", "credentials/", given)
    assert (status, body["inputs"]) == (201, {})
    _status, changed = call("PATCH", f"credentials/{body['id']}/", {"inputs": {"vault_password": "secret"}})
    assert changed["inputs"] == {"vault_password": "$encrypted$"}
    assert call("PATCH", f"credentials/{body['id']}/", {"inputs": {"unknown": "x"}})[0] == 400


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "ssh"}, "Must be 'cloud' or 'net', not ssh"),
        ({"injectors": {"env": {"ANSIBLE_CONFIG": "{{ token }}"}}}, "its use is not allowed in credentials"),
        ({"injectors": {"env": {"TOKEN": "{{ other }}"}}}, "TOKEN uses an undefined field"),
    ],
)
def test_a_credential_type_that_breaks_a_rule_is_refused(call: Call, change: dict[str, Any], said: str) -> None:
    inputs = {"fields": [{"id": "token", "label": "Token", "secret": True}]}
    given = {"name": "t", "kind": "cloud", "inputs": inputs, "injectors": {"env": {"TOKEN": "{{ token }}"}}}
    status, body = call("POST", "credential_types/", given)
    assert (status, body["inputs"]["fields"][0]["type"]) == (201, "string"), "AWX writes the type into a field"
    status, body = call("POST", "credential_types/", {**given, "name": "u", **change})
    assert status == 400
    assert said in json.dumps(body)


def test_a_team_gets_no_membership_of_an_organization(awx: RunningAwx, call: Call) -> None:
    team = awx.create("teams", {"name": "t", "organization": organization(awx)})["id"]
    _status, shown = call("GET", f"organizations/{organization(awx)}/")
    roles = {name: role["id"] for name, role in shown["summary_fields"]["object_roles"].items()}
    assert call("POST", f"roles/{roles['admin_role']}/teams/", {"id": team})[0] == 400
    assert call("POST", f"roles/{roles['execute_role']}/teams/", {"id": team})[0] == 204
    assert [each["id"] for each in call("GET", f"roles/{roles['execute_role']}/teams/")[1]["results"]] == [team]


def test_a_name_that_is_there_is_refused_and_a_query_finds_it(awx: RunningAwx, call: Call) -> None:
    status, body = call("POST", "organizations/", {"name": "lab"})
    assert (status, body) == (400, {"__all__": ["Organization with this Name already exists."]})
    assert call("GET", "organizations/?name=lab")[1]["count"] == 1
    assert call("GET", "organizations/?name__startswith=la")[1]["count"] == 1
    assert call("GET", "organizations/?colour=red")[0] == 400


def test_a_list_comes_in_pages(awx: RunningAwx, call: Call) -> None:
    for number in range(30):
        awx.create("teams", {"name": f"t{number}", "organization": organization(awx)})
    _status, first = call("GET", "teams/")
    _status, second = call("GET", first["next"].removeprefix("/api/v2/"))
    assert (first["count"], len(first["results"]), len(second["results"]), second["next"]) == (30, 25, 5, None)


def test_what_hangs_on_a_template_goes_with_it(awx: RunningAwx, call: Call) -> None:
    number = template(awx)
    call("POST", "schedules/", {"name": "s", "unified_job_template": number, "rrule": RULE})
    assert call("DELETE", f"job_templates/{number}/")[0] == 204
    assert awx.things["schedules"] == {}


def test_who_is_not_known_learns_nothing_and_who_may_only_read_writes_nothing(awx: RunningAwx, call: Call) -> None:
    assert call("GET", "organizations/", token="nobody")[0] == 401  # noqa: S106 - of the fake
    assert call("POST", "organizations/", {"name": "x"}, token="reader")[0] == 403  # noqa: S106
    assert call("GET", "organizations/", token="reader")[0] == 200  # noqa: S106


@pytest.fixture
def workflow(awx: RunningAwx) -> int:
    """Give a workflow: an approval, and an upgrade behind it."""
    number: int = awx.create("workflow_job_templates", {"name": "w", "organization": organization(awx)})["id"]
    job = template(awx, playbook="upgrade")
    nodes = [
        awx.create("workflow_job_template_nodes", {"workflow_job_template": number, "identifier": name})["id"]
        for name in ("a", "b")
    ]
    approval = awx.create("workflow_approval_templates", {"name": "lab approve upgrade", "timeout": 60})["id"]
    for node, launched in zip(nodes, (approval, job), strict=True):
        awx.things["workflow_job_template_nodes"][node]["unified_job_template"] = launched
    awx.attach("workflow_job_template_nodes", nodes[0], "success_nodes", {"id": nodes[1]})
    return number


def test_a_workflow_stands_at_its_approval_until_somebody_gives_it(awx: RunningAwx, call: Call, workflow: int) -> None:
    _status, run = call("POST", f"workflow_job_templates/{workflow}/launch/", {})
    (approval,) = awx.runs["workflow_approvals"].values()
    assert (approval["status"], awx.runs["jobs"]) == ("pending", {})
    assert call("POST", f"workflow_approvals/{approval['id']}/approve/", {}, token="li")[0] == 204  # noqa: S106
    _status, shown = call("GET", f"workflow_approvals/{approval['id']}/")
    assert shown["summary_fields"]["approved_or_denied_by"]["username"] == "li.na"
    assert shown["finished"].endswith("Z")
    (job,) = awx.runs["jobs"].values()
    assert call("GET", f"jobs/{job['id']}/")[1]["summary_fields"]["source_workflow_job"] == {"id": run["id"]}
    nodes = {
        each["identifier"]: each for each in call("GET", f"workflow_jobs/{run['id']}/workflow_nodes/")[1]["results"]
    }
    assert (nodes["b"]["job"], nodes["a"]["success_nodes"]) == (job["id"], [nodes["b"]["id"]])
    assert nodes["a"]["summary_fields"]["job"]["type"] == "workflow_approval"
    assert call("POST", f"workflow_approvals/{approval['id']}/deny/", {})[0] == 400


def test_a_cycle_of_steps_is_refused_and_an_approval_template_has_no_followers(
    awx: RunningAwx, call: Call, workflow: int
) -> None:
    first, second = sorted(awx.things["workflow_job_template_nodes"])
    assert call("POST", f"workflow_job_template_nodes/{second}/success_nodes/", {"id": first})[0] == 400
    (approval,) = awx.things["workflow_approval_templates"]
    assert call("GET", f"workflow_approval_templates/{approval}/success_nodes/")[0] == 404
