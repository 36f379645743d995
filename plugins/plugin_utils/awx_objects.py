# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that AWX holds of a site, as plain data derived from its inventory and contract: each kind a list of arguments of awx.awx's module.

No secret is in it, but for the address of a webhook. Credentials are named and empty: what they hold is filled in at AWX.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import time
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_notification import mail, webhook
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_schedule import FIRST_DAY, rrule
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_site import (
    APPROVALS_TYPE,
    REPOSITORY_TYPE,
    AwxError,
    Site,
    templates_of,
)
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_survey import FREE, questions_of, required, survey
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_workflow import PLAN, upgrade_workflow
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import POLICIES, policy_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.timetable import timetable
from ansible_collections.traumalink.ops.plugins.plugin_utils.verb_titles import title_of

__all__ = ["Objects", "objects_of"]

Objects = dict[str, list[dict[str, Any]]]
ENDS = ("success", "error")


def objects_of(site: Site) -> Objects:
    """Return what AWX should hold, by kind, in the order in which it can be made.

    Raises:
        AwxError: a schedule has no answer to a question that AWX wants answered.
    """
    names = site.names
    notifications = _notifications(site)
    told = [each["name"] for each in notifications]
    workflows, nodes = upgrade_workflow(site)
    ended = {f"notification_templates_{end}": told for end in ENDS}
    return {
        "organizations": [{"name": site.owner, "description": f"{site.contract.title.zh} / {site.contract.title.en}"}],
        "teams": [
            {"name": names.hospital, "description": "Reads everything, approves / 医院：查看、批准"},
            {"name": names.vendor, "description": "Runs what the contract allows / 供应商：执行"},
        ],
        "credential_types": _credential_types(site),
        "credentials": _credentials(site),
        "execution_environments": [{"name": names.environment, "image": site.image}] if site.image else [],
        "notification_templates": notifications,
        "projects": [{**_project(site), "notification_templates_error": told}],
        "inventories": [{"name": names.inventory, "description": "From its folder in the project / 来自项目中的清单目录"}],
        "inventory_sources": [] if site.manual else [{**_source(site), "notification_templates_error": told}],
        "job_templates": [{**each, **ended} for each in _templates(site)],
        "workflows": [{**each, **ended, "notification_templates_approvals": told} for each in workflows],
        "workflow_nodes": nodes,
        "schedules": [*_syncs(site), *_schedules(site)],
        "grants": _grants(site),
    }  # fmt: skip


def _credential_types(site: Site) -> list[dict[str, Any]]:
    """Return our own types: AWX has Machine, Vault and Source Control already."""
    found = []
    if site.passphrase:
        found.append(
            {
                "name": REPOSITORY_TYPE,
                "description": "Opens the backup repository, where the vault does not hold it / 备份仓库口令",
                "kind": "cloud",
                "inputs": {
                    "fields": [
                        {"id": "passphrase", "label": "Repository passphrase", "type": "string", "secret": True}
                    ],
                    "required": ["passphrase"],
                },
                "injectors": {"extra_vars": {"backup_cipher_passphrase": "{{ passphrase }}"}},
            }
        )
    if site.contract.awx:
        found.append(
            {
                "name": APPROVALS_TYPE,
                "description": "Lets the gate ask AWX who approved; a token with the scope read / 查询批准人",
                "kind": "cloud",
                "inputs": {
                    "fields": [{"id": "token", "label": "Token, scope read", "type": "string", "secret": True}],
                    "required": ["token"],
                },
                "injectors": {"env": {"TRAUMALINK_AWX_TOKEN": "{{ token }}"}},
            }
        )
    return found


def _credentials(site: Site) -> list[dict[str, Any]]:
    """Return the credentials, without what they hold."""
    kinds = [("machine", "Machine", "The key that reaches the hosts / 主机登录密钥")]
    kinds.append(("vault", "Vault", "Opens the site's vault file / vault 口令"))
    if site.scm_credential and not site.manual:
        kinds.append(("source control", "Source Control", "Fetches the project / 代码仓库凭据"))
    if site.passphrase:
        kinds.append(("repository passphrase", REPOSITORY_TYPE, "Opens the backup repository / 备份仓库口令"))
    if site.contract.awx:
        kinds.append(("approvals", APPROVALS_TYPE, "Lets the gate ask who approved / 查询批准人"))
    return [{"name": site.names.of(what), "credential_type": kind, "description": words} for what, kind, words in kinds]


def _notifications(site: Site) -> list[dict[str, Any]]:
    found = [{"name": site.names.of("mail"), **mail(site.name, site.mail)}] if site.mail else []
    if site.webhook_url:
        called = webhook(site.name, site.webhook_url, site.webhook_format)
        found.append({"name": site.names.of("webhook"), **called})
    return found


def _project(site: Site) -> dict[str, Any]:
    """Return the project. It is not fetched at each launch: with the repository out of reach no backup would run."""
    plain: dict[str, Any] = {"name": site.names.project, "scm_type": site.scm_type}
    if site.manual:
        return {**plain, "local_path": site.local_path or site.name}
    plain |= {"scm_url": site.scm_url, "scm_clean": True, "scm_update_on_launch": False}
    if site.scm_branch:
        plain["scm_branch"] = site.scm_branch
    if site.scm_credential:
        plain["credential"] = site.names.of("source control")
    return plain


def _source(site: Site) -> dict[str, Any]:
    """Return the inventory's source. What the folder no longer has goes from the inventory too: a freeze that was taken back, a host that is gone."""
    plain: dict[str, Any] = {
        "name": site.names.source,
        "inventory": site.names.inventory,
        "source": "scm",
        "source_project": site.names.project,
        "source_path": site.inventory_path or f"inventories/{site.name}",
        "overwrite": True,
        "overwrite_vars": True,
        "update_on_launch": False,
    }
    return {**plain, "execution_environment": site.names.environment} if site.image else plain


def _templates(site: Site) -> Iterator[dict[str, Any]]:
    """Yield a template for each playbook, and one that shows an upgrade before anybody approves it."""
    for playbook in templates_of(site):
        yield (template := _template(site, playbook))
        if playbook == "upgrade":
            name, words = (
                site.names.of(PLAN),
                "What an upgrade would do, before it is approved / 升级计划，不作任何改动",
            )
            shown = {"job_type": "check", "ask_job_type_on_launch": False, "extra_vars": {"operation_preview": True}}
            questions = tuple(each for each in questions_of(playbook) if each.variable.startswith(("upgrade_", "awx_")))
            yield {**template, **shown, "name": name, "description": words, "survey_spec": survey(name, questions)}


def _template(site: Site, playbook: str) -> dict[str, Any]:
    names, questions, title = site.names, questions_of(playbook), title_of(playbook)
    credentials = [names.of("machine"), names.of("vault")]
    if site.passphrase:
        credentials.append(names.of("repository passphrase"))
    if (
        site.contract.awx
        and playbook in POLICIES
        and policy_of(playbook, site.contract.stricter).approval == "required"
    ):
        credentials.append(names.of("approvals"))
    plain: dict[str, Any] = {
        "name": names.template(playbook),
        "description": f"{title.zh} / {title.en}" if title.en != playbook else f"traumalink.ops.{playbook}",
        "job_type": "run",
        "inventory": names.inventory,
        "project": names.project,
        "playbook": f"{site.playbook_folder}/{playbook}.yml".lstrip("/"),
        "credentials": credentials,
        "survey_enabled": bool(questions),
        "survey_spec": survey(names.template(playbook), questions),
        "ask_variables_on_launch": playbook in FREE,
        "ask_job_type_on_launch": True,  # so that everything can be looked at in check mode
        "allow_simultaneous": False,
    }
    return {**plain, "execution_environment": names.environment} if site.image else plain


def _syncs(site: Site) -> list[dict[str, Any]]:
    """Return the schedules that fetch playbooks and contract, each hour: what was agreed in the morning holds at noon."""
    if site.manual:
        return []
    zone = site.contract.zone.key
    return [
        {
            "name": f"{name} hourly",
            "description": "What the repository holds / 同步代码仓库",
            "unified_job_template": name,
            "rrule": f"DTSTART;TZID={zone}:{FIRST_DAY}T00{minute:02}00 RRULE:FREQ=HOURLY;INTERVAL=1",
            "enabled": True,
        }
        for name, minute in ((site.names.project, 0), (site.names.source, 5))
    ]


def _schedules(site: Site) -> list[dict[str, Any]]:
    """Return the schedules of the contract."""
    found = []
    for each in timetable(site.contract, templates_of(site), files=site.files):
        if unanswered := required(each.verb) - each.answers.keys():
            raise AwxError(f"the schedule {each.name} does not answer {', '.join(sorted(unanswered))}")
        found.append(
            {
                "name": site.names.of(each.name.replace("_", " ")),
                "description": each.why,
                "unified_job_template": site.names.template(each.verb),
                "rrule": rrule(each.rhythm, _minutes(each.at), site.contract.zone.key),
                "extra_data": dict(each.answers),
                "enabled": True,
            }
        )
    return found


def _minutes(at: time) -> time:
    return at.replace(second=0, microsecond=0)


def _grants(site: Site) -> list[dict[str, Any]]:
    """Return who may do what. Only the hospital approves: a vendor who approved its own upgrade would need nobody."""
    names, owner = site.names, site.owner
    found: list[Mapping[str, Any]] = [
        {"team": names.hospital, "role": "auditor", "organization": owner},
        {"team": names.hospital, "role": "approval", "organization": owner},
        {"team": names.vendor, "role": "execute", "organization": owner},
    ]
    if not site.manual:
        found.append({"team": names.vendor, "role": "update", "project": names.project})
        found.append({"team": names.vendor, "role": "update", "inventory": names.inventory})
    return [dict(grant) for grant in found]
