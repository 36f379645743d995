"""What the fake AWX knows of each kind of object: its fields, what they refer to, what makes it unique, what hangs on it.

Only what the role `awx` and the gate use. Sources: the `Meta.fields` of AWX's serializers (awx/api/serializers.py) and `unique_together` of its models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NEEDED = object()  # a field without a default that must be given
NOTIFIED = {f"notification_templates_{when}": "notification_templates" for when in ("started", "success", "error")}
APPROVED = {"notification_templates_approvals": "notification_templates"}


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    Attributes:
        type: AWX's word for one of them.
        fields: name to default, or NEEDED.
        refers: fields that hold another object's id, to its endpoint.
        read_only: fields that a request may hold and that change nothing, as Django REST Framework does with them.
        unique: the fields that only one object may have together.
        lists: what hangs on it by id, to its endpoint.
        roles: the roles that can be given on it (`summary_fields.object_roles`).
        template: whether it stands in `unified_job_templates` too.
    """

    type: str
    fields: Mapping[str, Any]
    refers: Mapping[str, str] = field(default_factory=dict)
    read_only: tuple[str, ...] = ()
    unique: tuple[str, ...] = ("name",)
    lists: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    template: bool = False


NAMED: Mapping[str, Any] = {"name": NEEDED, "description": ""}
ASKED = dict.fromkeys(
    ("variables", "limit", "tags", "skip_tags", "inventory", "scm_branch", "labels"), False
)  # ask_…_on_launch
PROMPTS: Mapping[str, Any] = {
    "extra_data": {},
    "inventory": None,
    "scm_branch": "",
    "job_type": None,
    "job_tags": "",
    "skip_tags": "",
    "limit": "",
    "diff_mode": None,
    "verbosity": None,
    "execution_environment": None,
    "forks": None,
    "job_slice_count": None,
    "timeout": None,
}

KINDS: Mapping[str, Kind] = {
    "organizations": Kind(
        "organization",
        {**NAMED, "max_hosts": 0, "default_environment": None},
        {"default_environment": "execution_environments"},
        lists={**NOTIFIED, **APPROVED},
        roles=("admin", "member", "auditor", "read", "execute", "approval", "project_admin", "inventory_admin"),
    ),
    "teams": Kind(
        "team",
        {**NAMED, "organization": NEEDED},
        {"organization": "organizations"},
        unique=("organization", "name"),
        roles=("admin", "member", "read"),
    ),
    "credential_types": Kind(
        "credential_type",
        {**NAMED, "kind": NEEDED, "inputs": {}, "injectors": {}},
        read_only=("managed", "namespace"),
        unique=("name", "kind"),
    ),
    "credentials": Kind(
        "credential",
        {**NAMED, "organization": None, "credential_type": NEEDED, "inputs": {}},
        {"organization": "organizations", "credential_type": "credential_types"},
        unique=("organization", "name", "credential_type"),
        roles=("admin", "use", "read"),
    ),
    "execution_environments": Kind(
        "execution_environment",
        {**NAMED, "organization": None, "image": NEEDED, "credential": None, "pull": ""},
        {"organization": "organizations", "credential": "credentials"},
    ),
    "notification_templates": Kind(
        "notification_template",
        {
            **NAMED,
            "organization": NEEDED,
            "notification_type": NEEDED,
            "notification_configuration": {},
            "messages": {"started": None, "success": None, "error": None, "workflow_approval": None},
        },
        {"organization": "organizations"},
        unique=("organization", "name"),
    ),
    "projects": Kind(
        "project",
        {
            **NAMED,
            "organization": None,
            "local_path": "",
            "scm_type": "",
            "scm_url": "",
            "scm_branch": "",
            "scm_refspec": "",
            "scm_clean": False,
            "scm_track_submodules": False,
            "scm_delete_on_update": False,
            "credential": None,
            "timeout": 0,
            "scm_update_on_launch": False,
            "scm_update_cache_timeout": 0,
            "allow_override": False,
            "default_environment": None,
            "signature_validation_credential": None,
        },
        {
            "organization": "organizations",
            "credential": "credentials",
            "default_environment": "execution_environments",
            "signature_validation_credential": "credentials",
        },
        read_only=("scm_revision", "status", "custom_virtualenv"),
        unique=("organization", "name"),
        lists=NOTIFIED,
        roles=("admin", "use", "update", "read"),
        template=True,
    ),
    "inventories": Kind(
        "inventory",
        {
            **NAMED,
            "organization": NEEDED,
            "kind": "",
            "host_filter": None,
            "variables": "",
            "prevent_instance_group_fallback": False,
        },
        {"organization": "organizations"},
        unique=("organization", "name"),
        roles=("admin", "use", "adhoc", "update", "read"),
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            **NAMED,
            "inventory": NEEDED,
            "source": NEEDED,
            "source_path": "",
            "source_vars": "",
            "scm_branch": "",
            "credential": None,
            "enabled_var": "",
            "enabled_value": "",
            "host_filter": "",
            "overwrite": False,
            "overwrite_vars": False,
            "timeout": 0,
            "verbosity": 1,
            "limit": "",
            "execution_environment": None,
            "update_on_launch": False,
            "update_cache_timeout": 0,
            "source_project": None,
        },
        {
            "inventory": "inventories",
            "credential": "credentials",
            "execution_environment": "execution_environments",
            "source_project": "projects",
        },
        unique=("inventory", "name"),
        lists=NOTIFIED,
        template=True,
    ),
    "job_templates": Kind(
        "job_template",
        {
            **NAMED,
            "job_type": "run",
            "inventory": None,
            "project": NEEDED,
            "playbook": "",
            "scm_branch": "",
            "forks": 0,
            "limit": "",
            "verbosity": 0,
            "extra_vars": "",
            "job_tags": "",
            "skip_tags": "",
            "timeout": 0,
            "execution_environment": None,
            "survey_enabled": False,
            "diff_mode": False,
            "become_enabled": False,
            "allow_simultaneous": False,
            **{f"ask_{name}_on_launch": value for name, value in ASKED.items()},
            "ask_job_type_on_launch": False,
            "ask_diff_mode_on_launch": False,
            "ask_verbosity_on_launch": False,
            "ask_credential_on_launch": False,
        },
        {"inventory": "inventories", "project": "projects", "execution_environment": "execution_environments"},
        read_only=("organization",),
        unique=("organization", "name"),
        lists={**NOTIFIED, "credentials": "credentials"},
        roles=("admin", "execute", "read"),
        template=True,
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            **NAMED,
            "organization": None,
            "inventory": None,
            "extra_vars": "",
            "limit": None,
            "scm_branch": None,
            "survey_enabled": False,
            "allow_simultaneous": False,
            **{f"ask_{name}_on_launch": value for name, value in ASKED.items()},
        },
        {"organization": "organizations", "inventory": "inventories"},
        unique=("organization", "name"),
        lists={**NOTIFIED, **APPROVED},
        roles=("admin", "execute", "read", "approval"),
        template=True,
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {
            **PROMPTS,
            "workflow_job_template": NEEDED,
            "unified_job_template": None,
            "identifier": NEEDED,
            "all_parents_must_converge": False,
        },
        {
            "workflow_job_template": "workflow_job_templates",
            "unified_job_template": "unified_job_templates",
            "inventory": "inventories",
            "execution_environment": "execution_environments",
        },
        unique=("workflow_job_template", "identifier"),
        lists=dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes"),
    ),
    "workflow_approval_templates": Kind(
        "workflow_approval_template",
        {**NAMED, "timeout": 0},
        unique=(),  # every node makes its own
        template=True,
    ),
    "schedules": Kind(
        "schedule",
        {**NAMED, **PROMPTS, "unified_job_template": NEEDED, "enabled": True, "rrule": NEEDED},
        {
            "unified_job_template": "unified_job_templates",
            "inventory": "inventories",
            "execution_environment": "execution_environments",
        },
        read_only=("dtstart", "dtend", "next_run", "timezone", "until"),
        unique=("unified_job_template", "name"),
        lists={"credentials": "credentials"},
    ),
}
# What a job template may be asked at launch, to the field that allows it (AWX, JobTemplate.get_ask_mapping).
PROMPTED = {
    "job_type": "ask_job_type_on_launch",
    "limit": "ask_limit_on_launch",
    "job_tags": "ask_tags_on_launch",
    "skip_tags": "ask_skip_tags_on_launch",
    "inventory": "ask_inventory_on_launch",
    "scm_branch": "ask_scm_branch_on_launch",
    "diff_mode": "ask_diff_mode_on_launch",
    "verbosity": "ask_verbosity_on_launch",
}
