"""AWX's rules, as far as the fake keeps them: each function names where AWX has it, and returns or raises what AWX answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from dateutil.rrule import rrulestr
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

Object = dict[str, Any]
Find = Callable[[str, int], Object]
ENCRYPTED = "$encrypted$"
SURVEY_TYPES = {
    "text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": (str, list), "integer": int, "float": (int, float),
}  # fmt: skip


class RefusedError(Exception):
    """AWX would answer 400 with this body."""

    def __init__(self, body: Mapping[str, Any] | Sequence[str]) -> None:
        super().__init__(str(body))
        self.body = body


def schedule_rule(value: str) -> None:
    """Refuse a recurrence rule. AWX: awx/api/serializers.py, SchedulePreviewSerializer.validate_rrule; awx/main/models/schedules.py, Schedule.rrulestr."""
    errors = []
    starts = re.findall(r".*?(DTSTART(;[^:]+)?\:[0-9]+T[0-9]+Z?)", value)
    rules = re.findall(r".*?(RULE\:[^\s]*)", value)
    if not starts:
        errors.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
    if re.findall(r".*?(DTSTART:[0-9]+T[0-9]+) ", value):
        errors.append("DTSTART cannot be a naive datetime.  Specify ;TZINFO= or YYYYMMDDTHHMMSSZZ.")
    if len(starts) > 1:
        errors.append("Multiple DTSTART is not supported.")
    if "rrule:" not in value.lower():
        errors.append("One or more rule required in rrule.")
    for word in ("EXDATE", "RDATE"):
        if f"{word.lower()}:" in value.lower():
            raise RefusedError({"rrule": [f"{word} not allowed in rrule."]})
    for rule in rules:
        if "interval" not in rule.lower():
            errors.append(f"INTERVAL required in rrule: {rule}")
        elif "secondly" in rule.lower():
            errors.append(f"SECONDLY is not supported: {rule}")
        if re.match(r".*?BYDAY[\:\=][0-9]+[a-zA-Z]{2}", rule):
            errors.append(f"BYDAY with numeric prefix not supported: {rule}")
        if "COUNT" in rule and "UNTIL" in rule:
            errors.append(f"RRULE may not contain both COUNT and UNTIL: {rule}")
        count = re.match(r".*?COUNT\=([0-9]+)", rule)
        if count and int(count[1]) > 999:
            errors.append(f"COUNT > 999 is unsupported: {rule}")
    try:
        if any(rule._dtstart.tzinfo is None for rule in rrulestr(value, forceset=True)._rrule):
            raise ValueError("A valid TZID must be provided (e.g., America/New_York)")
    except Exception as error:  # AWX catches everything here as well
        errors.append(f"rrule parsing failed validation: {error}")
    if errors:
        raise RefusedError({"rrule": errors})


def prompts(given: Object, template: Object, survey: Object, asks: Mapping[str, str], *, needs_answers: bool) -> None:
    """Refuse what a saved launch may not say. AWX: LaunchConfigurationBaseSerializer.validate, SurveyJobTemplateMixin._accept_or_ignore_variables."""
    errors: dict[str, Any] = {}
    answers = dict(given.get("extra_data") or {})
    faults = []
    for question in survey.get("spec", []) if template.get("survey_enabled") else []:
        variable = question["variable"]
        if variable not in answers:
            if question["required"] and needs_answers:
                faults.append(f"'{variable}' value missing")
            continue
        value = answers.pop(variable)
        if question["type"] == "multiplechoice" and value not in question["choices"]:
            faults.append(f"Value {value} for '{variable}' expected to be one of {question['choices']}.")
        elif question["type"] in ("text", "textarea", "password") and not isinstance(value, str):
            faults.append(f"Value {value} for '{variable}' expected to be a string.")
    if faults:
        errors["variables_needed_to_start"] = faults
    if answers and not template.get("ask_variables_on_launch"):
        errors["extra_data"] = [
            f"Variables {', '.join(answers)} are not allowed on launch. Check the Prompt on Launch setting on the Job Template to include Extra Variables."
        ]
    for name, ask in asks.items():
        if given.get(name) not in (None, "") and not template.get(ask):
            errors[name] = "Field is not configured to prompt on launch."
    if errors:
        raise RefusedError(errors)


def survey_spec(spec: Mapping[str, Any]) -> None:
    """Refuse a survey. AWX: awx/api/views/__init__.py, JobTemplateSurveySpec._validate_spec_data."""
    for name, kind, words in (("name", str, "string"), ("description", str, "string"), ("spec", list, "list of items")):
        if name not in spec:
            raise RefusedError({"error": f"Field '{name}' is missing from survey spec."})
        if not isinstance(spec[name], kind):
            raise RefusedError(
                {"error": f"Expected {words} for field '{name}', received {type(spec[name]).__name__} type."}
            )
    if not spec["spec"]:
        raise RefusedError({"error": "'spec' doesn't contain any items."})
    seen: set[str] = set()
    for number, question in enumerate(spec["spec"]):
        for name in ("type", "question_name", "variable", "required"):
            if name not in question:
                raise RefusedError({"error": f"'{name}' missing from survey question {number}"})
            if not isinstance(question[name], bool if name == "required" else str):
                raise RefusedError({"error": f"'{name}' in survey question {number} expected to be string."})
        if question["variable"] in seen:
            raise RefusedError(
                {"error": f"'variable' '{question['variable']}' duplicated in survey question {number}."}
            )
        seen.add(question["variable"])
        kind = question["type"]
        if kind not in SURVEY_TYPES:
            raise RefusedError(
                {
                    "error": f"'{kind}' in survey question {number} is not one of '{', '.join(SURVEY_TYPES)}' allowed question types."
                }
            )
        default = question.get("default", "")
        if default != "" and not isinstance(default, SURVEY_TYPES[kind]):
            raise RefusedError({"error": f"Default value {default} in survey question {number} expected to be {kind}."})
        if kind == "multiplechoice":
            if "choices" not in question:
                raise RefusedError({"error": f"Survey question {number} of type {kind} must specify choices."})
            if any(each not in question["choices"] for each in str(default).splitlines()):
                raise RefusedError({"error": "Default choice must be answered from the choices listed."})


def project(whole: Object, others: Sequence[Object], folders: Sequence[str]) -> None:
    """Refuse a project. AWX: ProjectOptionsSerializer.validate and ProjectSerializer.validate; Project.get_local_path_choices."""
    kind = whole["scm_type"]
    if kind not in ("", "git", "svn", "insights", "archive"):
        raise RefusedError({"scm_type": [f'"{kind}" is not a valid choice.']})
    if not kind:
        if whole["local_path"] not in set(folders) - {other["local_path"] for other in others}:
            raise RefusedError({"local_path": ["This path is already being used by another manual project."]})
        for name in ("scm_update_on_launch", "scm_delete_on_update", "scm_track_submodules", "scm_clean"):
            if whole[name]:
                raise RefusedError({name: ["Update options must be set to false for manual projects."]})
    elif not whole["scm_url"]:
        raise RefusedError({"scm_url": ["SCM URL is required."]})
    if whole["scm_branch"] and kind == "archive":
        raise RefusedError({"scm_branch": ["SCM branch cannot be used with archive projects."]})


def inventory_source(whole: Object, find: Find) -> None:
    """Refuse an inventory source. AWX: InventorySourceSerializer.validate and validate_source_project."""
    if whole["source"] == "scm":
        if whole["source_project"] is None:
            raise RefusedError({"source_project": ["Project required for scm type sources."]})
        if not find("projects", whole["source_project"])["scm_type"]:
            raise RefusedError({"source_project": ["Cannot use manual project for SCM-based inventory."]})
    elif whole["source"] not in ("ec2", "gce", "controller"):
        raise RefusedError({"source": [f'"{whole["source"]}" is not a valid choice.']})


def job_template(whole: Object, find: Find, playbooks: Sequence[str]) -> None:
    """Refuse a job template. AWX: JobOptionsSerializer.validate and JobTemplateSerializer.validate."""
    if whole["project"] is None:
        raise RefusedError({"project": ["This field is required."]})
    source = find("projects", whole["project"])
    if not whole["playbook"]:
        raise RefusedError({"playbook": ["Must select playbook for project."]})
    if source["status"] not in ("successful", "ok") or whole["playbook"] not in playbooks:
        raise RefusedError({"playbook": ["Playbook not found for project."]})
    if whole["inventory"] is None and not whole["ask_inventory_on_launch"]:
        raise RefusedError({"inventory": ["You must either set a default value or ask to prompt on launch."]})
    if whole["job_type"] not in ("run", "check"):
        raise RefusedError({"job_type": [f'"{whole["job_type"]}" is not a valid choice.']})


def credential_type(whole: Object) -> None:
    """Refuse a credential type, or note what AWX adds to it.

    AWX: CredentialTypeSerializer.validate; awx/main/fields.py, CredentialTypeInputField.validate, which writes a missing type into a field, and
    CredentialTypeInjectorField.validate.
    """
    if whole["kind"] not in ("cloud", "net"):
        raise RefusedError({"kind": [f"Must be 'cloud' or 'net', not {whole['kind']}"]})
    fields = whole["inputs"].get("fields", [])
    for each in fields:
        if unknown := set(each) - {
            "type",
            "format",
            "choices",
            "id",
            "label",
            "help_text",
            "multiline",
            "secret",
            "default",
        }:
            raise RefusedError({"inputs": [f"Additional properties are not allowed ({', '.join(sorted(unknown))})"]})
        if "id" not in each or "label" not in each:
            raise RefusedError({"inputs": ["'label' is a required property"]})
        each.setdefault("type", "string")
    example = {each["id"]: "EXAMPLE" for each in fields} | {"tower": {"filename": "EXAMPLE_FILENAME"}}
    for kind, injector in whole["injectors"].items():
        if kind not in ("file", "env", "extra_vars"):
            raise RefusedError({"injectors": [f"Additional properties are not allowed ('{kind}' was unexpected)"]})
        for name, text in injector.items():
            if kind == "env" and name.startswith("ANSIBLE_"):
                raise RefusedError(
                    {
                        "injectors": [
                            f"Environment variable {name} may affect Ansible configuration so its use is not allowed in credentials."
                        ]
                    }
                )
            rendered(
                text, example, lambda error, name=name: {"injectors": [f"{name} uses an undefined field ({error})"]}
            )


def credential(whole: Object, find: Find, *, new: bool) -> None:
    """Refuse a credential. AWX: CredentialSerializerCreate.validate, CredentialInputField.validate: what is required may be missing until it is used."""
    if new and not whole["organization"]:
        raise RefusedError({"detail": ["Missing 'user', 'team', or 'organization'."]})
    known = [each["id"] for each in find("credential_types", whole["credential_type"])["inputs"].get("fields", [])]
    if unknown := sorted(set(whole["inputs"]) - set(known)):
        raise RefusedError({"inputs": [f"Additional properties are not allowed ({', '.join(unknown)} was unexpected)"]})


NOTIFIED_BY = {
    "email": {
        "host": (str, None), "port": (int, None), "username": (str, None), "password": (str, None), "use_tls": (bool, None),
        "use_ssl": (bool, None), "sender": (str, None), "recipients": (list, None), "timeout": (int, 30),
    },
    "webhook": {
        "url": (str, None), "http_method": (str, "POST"), "disable_ssl_verification": (bool, False), "username": (str, ""),
        "password": (str, ""), "headers": (dict, None),
    },
}  # fmt: skip
STUB = {  # AWX: JobNotificationMixin.context_stub
    "job": {"id": 42, "name": 'Stub "Job" \\ Template', "status": "running"},
    "job_friendly_name": "Job", "url": "https://platformhost/#/jobs/playbook/1010", "approval_status": "approved",
    "approval_node_name": "Approve Me", "workflow_url": "https://platformhost/#/jobs/workflow/1010", "job_metadata": "{}",
}  # fmt: skip


def notification_template(whole: Object, before: Object | None) -> None:
    """Refuse a notification template, or note what AWX fills in.

    AWX: NotificationTemplateSerializer.validate (defaults; a password shown as $encrypted$ stands for the one that is there) and validate_messages;
    NotificationTemplate.save, which keeps the old messages of an event that the new ones leave out.
    """
    kinds = NOTIFIED_BY.get(whole["notification_type"])
    if kinds is None:
        raise RefusedError({"notification_type": [f'"{whole["notification_type"]}" is not a valid choice.']})
    told, missing, errors = whole["notification_configuration"], [], []
    for name, (kind, default) in kinds.items():
        if name not in told:
            if default is None:
                missing.append(name)
                continue
            told[name] = default
        if type(told[name]) is not kind:
            errors.append(f"Configuration field '{name}' incorrect type, expected {kind.__name__}.")
        elif kind is list and not told[name]:
            errors.append(f"No values specified for field '{name}'")
        if name == "password" and told[name] == ENCRYPTED and before:
            told[name] = before["notification_configuration"][name]
    if missing:
        errors.insert(0, f"Missing required fields for Notification Configuration: {missing}.")
    if errors:
        raise RefusedError({"__all__": errors})
    messages = whole["messages"] or {}
    for event in ("started", "success", "error", "workflow_approval"):
        if not messages.get(event):
            messages[event] = (before or {}).get("messages", {}).get(event)
    for event, said in messages.items():
        if event not in ("started", "success", "error", "workflow_approval"):
            raise RefusedError(
                {
                    "messages": [
                        f"Event '{event}' invalid, must be one of 'started', 'success', 'error', or 'workflow_approval'"
                    ]
                }
            )
        for message in (said or {}).values() if event == "workflow_approval" else [said or {}]:
            for name, text in message.items():
                if name not in ("message", "body"):
                    raise RefusedError(
                        {"messages": [f"Message type '{name}' invalid, must be either 'message' or 'body'"]}
                    )
                if name == "message" and "\n" in text:
                    raise RefusedError(
                        {"messages": [f"Messages cannot contain newlines (found newline in {event} event)"]}
                    )
                rendered(text, STUB, lambda error: {"messages": [f"Field '{error}' unavailable"]})


def rendered(text: str, values: Mapping[str, Any], refusal: Callable[[str], Mapping[str, Any]]) -> str:
    """Return a template's text as AWX's sandbox renders it."""
    try:
        return ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(text).render(**values)
    except TemplateError as error:
        raise RefusedError(refusal(str(error))) from None


def displayed(kind: str, thing: Object, secret: Callable[[int], list[str]]) -> Object:
    """Return an object as AWX shows it: what is encrypted is not told. AWX: Credential.display_inputs, display_notification_configuration."""
    shown = deepcopy(thing)
    if kind == "credentials":
        for name in secret(thing["credential_type"]):
            if shown["inputs"].get(name):
                shown["inputs"][name] = ENCRYPTED
    if kind == "notification_templates" and shown["notification_configuration"].get("password"):
        shown["notification_configuration"]["password"] = ENCRYPTED
    return shown
