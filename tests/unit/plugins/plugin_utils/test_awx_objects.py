"""What AWX should hold of a site: names, templates, questions, schedules, who may do what. What a rule of AWX would refuse is asked of the fake's rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awx_rules
import pytest
import yaml
from ansible_collections.traumalink.ops.plugins.plugin_utils import awx_objects as deriving
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_notification import MailSettings
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_objects import Objects, objects_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_site import LEFT_OUT, AwxError, Site, read_mail
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_survey import FREE, QUESTIONS, questions_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import read_contract

Make = Callable[..., dict[str, Any]]
ROOT = Path(__file__).resolve().parents[4]
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
AWX = {"url": "https://awx.example.org"}
MAIL = MailSettings("mail.example.org", 25, "awx@example.org", ["duty@vendor.example.org"])
Derive = Callable[..., Objects]


@pytest.fixture
def derive(contract_data: Make) -> Derive:
    """Give a deriver: a site's settings by keyword, sections of its contract in `sections`."""

    def make(sections: dict[str, Any] | None = None, **settings: Any) -> Objects:
        given = {"name": "my_hospital", "playbooks": PLAYBOOKS, "scm_url": "https://git.example.org/x.git", **settings}
        return objects_of(Site(contract=read_contract(contract_data(**(sections or {}))), **given))

    return make


def by_name(things: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return objects by name."""
    return {each["name"]: each for each in things}


def test_a_template_for_each_playbook_that_is_there_and_none_for_what_needs_a_person_s_own_files(
    derive: Derive,
) -> None:
    templates = derive()["job_templates"]
    assert {each["playbook"] for each in templates} == {
        f"playbooks/{name}.yml" for name in PLAYBOOKS if name not in LEFT_OUT
    }
    assert [each["playbook"] for each in derive(playbooks=["backup", "approve"])["job_templates"]] == [
        "playbooks/backup.yml"
    ]


def test_what_is_left_out_is_a_playbook_at_all() -> None:
    assert set(LEFT_OUT) <= set(PLAYBOOKS)
    assert set(QUESTIONS) <= set(PLAYBOOKS)
    assert set(FREE) <= set(PLAYBOOKS)


def test_every_name_is_the_site_s_own_and_no_two_templates_share_one(derive: Derive) -> None:
    """AWX looks projects, inventory sources, job templates and workflows up in one list, without asking for the organization."""
    objects = derive(
        mail=MAIL, webhook_url="https://hook.example.org", image="registry.example.org/ee", passphrase=True
    )
    named = {
        kind: [each["name"] for each in things]
        for kind, things in objects.items()
        if kind not in ("workflow_nodes", "grants")
    }
    shared = named.pop("credential_types")
    assert named.pop("organizations") == ["my_hospital"]
    assert [name for names in named.values() for name in names if not name.startswith("my_hospital ")] == []
    assert [name for name in shared if not name.startswith("traumalink.ops ")] == []
    launched = [
        name for kind in ("projects", "inventory_sources", "job_templates", "workflows") for name in named[kind]
    ]
    assert len(launched) == len(set(launched))


def test_no_secret_stands_in_it(derive: Derive) -> None:
    objects = derive(mail=MAIL, passphrase=True, scm_credential=True)
    assert [each["name"] for each in objects["credentials"]] == [
        "my_hospital machine", "my_hospital vault", "my_hospital source control", "my_hospital repository passphrase",
    ]  # fmt: skip
    assert [each for each in objects["credentials"] if "inputs" in each] == []
    assert objects["notification_templates"][0]["notification_configuration"]["password"] == ""


def test_awx_would_take_each_schedule_survey_and_credential_type(derive: Derive) -> None:
    objects = derive({"awx": AWX, "backups": {"full_every": "3d"}}, files=True, passphrase=True)
    for schedule in objects["schedules"]:
        awx_rules.schedule_rule(schedule["rrule"])
    surveys = [
        each["survey_spec"] for each in (*objects["job_templates"], *objects["workflows"]) if each["survey_enabled"]
    ]
    assert len(surveys) > 8
    for survey in surveys:
        awx_rules.survey_spec(survey)
    for kind in objects["credential_types"]:
        before = json.dumps(kind)
        awx_rules.credential_type(kind)
        assert json.dumps(kind) == before, "AWX would add something, and applying it again would change it"


def test_each_schedule_answers_what_its_template_wants_answered(derive: Derive) -> None:
    obligation = {"id": "4.8", "title": {"zh": "核查", "en": "Verified"}, "every": "month", "met_by": "verb=='ledger'"}
    objects = derive({"obligations": [obligation]})
    templates = by_name(objects["job_templates"])
    schedules = [each for each in objects["schedules"] if each["unified_job_template"] in templates]
    assert len(schedules) >= 5
    for schedule in schedules:
        template = templates[schedule["unified_job_template"]]
        awx_rules.prompts(schedule, template, template["survey_spec"], {}, needs_answers=True)


def test_a_schedule_without_an_answer_is_an_error(derive: Derive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deriving, "required", lambda verb: {"drill_set"} if verb == "drill" else set())
    with pytest.raises(AwxError, match="the schedule drill_twice_a_month does not answer drill_set"):
        derive()


def test_what_the_contract_says_of_backups_is_what_awx_starts(derive: Derive) -> None:
    schedules = by_name(derive({"backups": {"start": "23:15"}, "timezone": "Europe/Berlin"})["schedules"])
    assert schedules["my_hospital backup full weekly"] == {
        "name": "my_hospital backup full weekly", "description": "backups.full_every of the contract: 7d", "enabled": True,
        "unified_job_template": "my_hospital backup", "extra_data": {"backup_type": "full"},
        "rrule": "DTSTART;TZID=Europe/Berlin:20250101T231500 RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=SU",
    }  # fmt: skip


def test_what_needs_an_approval_can_ask_awx_who_gave_it_where_the_contract_names_one(derive: Derive) -> None:
    named = {"awx": AWX, "policies": {"maintain_database": {"approval": "required"}}}
    asking = [each["name"] for each in derive(named)["job_templates"] if "my_hospital approvals" in each["credentials"]]
    assert asking == [
        "my_hospital finalize", "my_hospital patch", "my_hospital upgrade", "my_hospital upgrade plan",
    ]  # fmt: skip
    assert "my_hospital approvals" not in by_name(derive()["credentials"])


def test_an_emergency_can_be_declared_wherever_the_gate_asks_for_something(derive: Derive) -> None:
    variables = {name: {each.variable for each in questions_of(name)} for name in PLAYBOOKS}
    assert "operation_emergency_reason" in variables["restore"] & variables["upgrade"] & variables["site"]
    assert "operation_emergency_reason" not in variables["backup"] | variables["drill"]


def test_an_upgrade_is_planned_approved_done_and_verified(derive: Derive) -> None:
    objects = derive()
    (workflow,) = objects["workflows"]
    nodes = {each["identifier"]: each for each in objects["workflow_nodes"]}
    assert list(nodes) == ["verify", "versions", "upgrade", "approval", "plan", "inventory", "playbooks"], (
        "followers come first"
    )
    assert [nodes[name]["success_nodes"] for name in ("plan", "approval", "upgrade")] == [
        ["approval"],
        ["upgrade"],
        ["versions"],
    ]
    assert nodes["approval"]["approval_node"]["name"] == "my_hospital approve upgrade"
    assert [name for name, node in nodes.items() if "approval_node" in node] == ["approval"]
    needed = {each["variable"]: each["required"] for each in workflow["survey_spec"]["spec"]}
    assert needed["upgrade_archive"]
    assert needed["awx_approval_sha256"]
    assert "operation_approval" not in needed, "a signed file would leave the node without a meaning"


def test_the_plan_of_an_upgrade_only_looks(derive: Derive) -> None:
    plan = by_name(derive()["job_templates"])["my_hospital upgrade plan"]
    assert (plan["job_type"], plan["ask_job_type_on_launch"], plan["extra_vars"]) == (
        "check",
        False,
        {"operation_preview": True},
    )


def test_the_workflow_has_only_steps_that_are_there(derive: Derive) -> None:
    objects = derive(chosen=["upgrade"], scm_type="manual", scm_url="")
    assert [each["identifier"] for each in objects["workflow_nodes"]] == ["upgrade", "approval", "plan"]
    assert derive(chosen=["backup"])["workflows"] == derive(chosen=["backup"])["workflow_nodes"] == []


def test_only_the_hospital_approves(derive: Derive) -> None:
    grants = derive()["grants"]
    assert [each["team"] for each in grants if each["role"] in ("approval", "admin")] == ["my_hospital hospital"]
    assert [each["team"] for each in grants if each["role"] == "execute"] == ["my_hospital vendor"]


def test_a_manual_project_has_a_folder_of_its_own_and_no_source(derive: Derive) -> None:
    objects = derive(scm_type="manual", scm_url="")
    assert objects["projects"][0]["local_path"] == "my_hospital"
    assert objects["inventory_sources"] == []
    assert [each for each in objects["schedules"] if "hourly" in each["name"]] == []


def test_jobs_run_in_the_image_that_is_named(derive: Derive) -> None:
    objects = derive(image="registry.example.org/ee:1")
    assert objects["execution_environments"] == [
        {"name": "my_hospital execution environment", "image": "registry.example.org/ee:1"}
    ]
    assert {each["execution_environment"] for each in objects["job_templates"]} == {"my_hospital execution environment"}
    assert [each for each in derive()["job_templates"] if "execution_environment" in each] == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scm_url": ""}, "awx_project_url is empty"),
        ({"scm_type": "manual"}, "awx_project_url is for a project that AWX fetches"),
        ({"chosen": ["backups"]}, "awx_playbooks names backups, which the collection has not"),
        ({"chosen": ["secrets"]}, "secrets: it makes the vault file once"),
        ({"name": "My Hospital"}, "site_name 'My Hospital' is no name"),
    ],
)
def test_settings_that_cannot_be_applied_are_refused(derive: Derive, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(AwxError, match=said):
        derive(**settings)


def test_nobody_is_mailed_where_nobody_is_named() -> None:
    assert read_mail({"to": [], "host": "h", "port": 25, "sender": "s"}) is None
    found = read_mail({"to": ["a@b"], "host": "h", "port": "25", "sender": "s", "secure": "starttls"})
    assert found == MailSettings("h", 25, "s", ["a@b"], "", "starttls")


def test_the_example_s_contract_can_be_applied() -> None:
    data = yaml.safe_load((ROOT / "inventories/example/group_vars/all/contract.yml").read_text(encoding="utf-8"))
    objects = objects_of(Site("example_hospital", read_contract(data["contract"]), PLAYBOOKS, scm_url="https://x/y"))
    assert "example_hospital ledger monthly" in by_name(objects["schedules"])
