# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upgrade as AWX's workflow: newest playbooks and contract, plan, the hospital's approval, upgrade, what runs now, the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_site import Site, templates_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_survey import (
    APPROVED_SHA256,
    Question,
    questions_of,
    survey,
)

__all__ = ["PLAN", "upgrade_workflow"]

VERB = "upgrade"
PLAN = "upgrade plan"  # the job template that runs it in check mode


@dataclass(frozen=True)
class Node:
    """One step.

    Attributes:
        identifier: its name within the workflow.
        template: what runs, "" for the approval; answers: what it is told beside the workflow's answers.
    """

    identifier: str
    template: str = ""
    answers: tuple[tuple[str, str], ...] = ()


def upgrade_workflow(site: Site) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the workflow and its nodes, the last one first, so that each one's follower is there when it is made; nothing without the playbook."""
    names, name = site.names, site.names.workflow(VERB)
    if VERB not in templates_of(site):
        return [], []
    nodes = list(_steps(site))
    workflow = {
        "name": name,
        "description": "Plan, the hospital's approval, upgrade, verification (clause 2.3) / 升级：计划、医院批准、升级、核查",
        "inventory": names.inventory,
        "survey_enabled": True,
        "survey_spec": survey(name, tuple(_questions())),
        "allow_simultaneous": False,
        "ask_variables_on_launch": False,
    }
    followers = [nodes[number + 1].identifier if number + 1 < len(nodes) else None for number in range(len(nodes))]
    pairs = zip(nodes, followers, strict=True)
    return [workflow], [_plain(site, name, node, follower) for node, follower in reversed(list(pairs))]


def _questions() -> Iterator[Question]:
    """Yield the playbook's questions, without that for a signed file; what the hospital approves has to be named."""
    for question in questions_of(VERB):
        if question.variable != "operation_approval":
            yield replace(question, needed=question.needed or question.variable == APPROVED_SHA256)


def _steps(site: Site) -> Iterator[Node]:
    names, there = site.names, templates_of(site)
    if not site.manual:
        # What is approved must be judged by the contract of now, not by one that was fetched before the last freeze was agreed.
        yield Node("playbooks", names.project)
        yield Node("inventory", names.source)
    yield Node("plan", names.of(PLAN))
    yield Node("approval")
    yield Node("upgrade", names.template(VERB))
    if "version_register" in there:
        yield Node("versions", names.template("version_register"))
    if "ledger" in there:
        yield Node("verify", names.template("ledger"), (("ledger_action", "verify"),))


def _plain(site: Site, workflow: str, node: Node, follower: str | None) -> dict[str, Any]:
    """Return a node as the module workflow_job_template_node takes it; `success_nodes` is who follows, and only after a success."""
    plain: dict[str, Any] = {
        "identifier": node.identifier,
        "workflow": workflow,
        "success_nodes": [follower] if follower else [],
    }
    if not node.template:
        hours = timedelta(hours=site.approval_hours)
        words = "The workflow's variables name archive and SHA-256, the step before shows the plan. / 版本包与 SHA-256 见工作流变量，计划见上一步。"
        node_of_approval = {
            "name": site.names.approval(VERB),
            "description": words,
            "timeout": int(hours.total_seconds()),
        }
        return {**plain, "approval_node": node_of_approval}
    plain["unified_job_template"] = node.template
    if node.answers:
        plain["extra_data"] = dict(node.answers)
    return plain
