"""Workflows that run on the fake AWX, as far as the gate asks about them: launched, approved or denied, and the job that follows."""

from __future__ import annotations

import json

import awx_rules as rules
from awx_rules import Object, RefusedError
from awx_state import Awx, now


class RunningAwx(Awx):
    """The state, with what runs."""

    def launch(self, number: int, user: str, given: Object) -> Object:
        """Start a workflow: it stands at its approval node at once. AWX: WorkflowJobTemplateLaunch, WorkflowJobNode.create_from."""
        workflow = self.find("workflow_job_templates", number)
        answers = {"extra_data": given.get("extra_vars", {})}
        survey = self.surveys.get(("workflow_job_templates", number), {})
        rules.prompts(answers, workflow, survey, {}, needs_answers=True)
        run = {
            "id": self.number(),
            "type": "workflow_job",
            "name": workflow["name"],
            "status": "running",
            "launched_by": user,
        }
        run["extra_vars"] = json.dumps(answers["extra_data"])
        self.runs["workflow_jobs"][run["id"]] = run
        copies: dict[int, Object] = {}
        for node in self.things["workflow_job_template_nodes"].values():
            if node["workflow_job_template"] != number or node["unified_job_template"] is None:
                continue
            template = self.find("unified_job_templates", node["unified_job_template"])
            copy = {
                "id": self.number(),
                "workflow_job": run["id"],
                "identifier": node["identifier"],
                "job": None,
                "template": template["id"],
            }
            copies[node["id"]] = self.runs["workflow_job_nodes"][copy["id"]] = copy
            if self.kind_of(template["id"]) == "workflow_approval_templates":
                approval = {
                    "id": self.number(),
                    "type": "workflow_approval",
                    "name": template["name"],
                    "status": "pending",
                    "finished": None,
                }
                approval |= {"approved_or_denied_by": None, "timed_out": False, "workflow_job": run["id"]}
                self.runs["workflow_approvals"][approval["id"]] = approval
                copy["job"] = approval["id"]
        for node, copy in copies.items():
            for name in ("success_nodes", "failure_nodes", "always_nodes"):
                followers = self.lists.get(("workflow_job_template_nodes", node, name), [])
                copy[name] = [copies[each]["id"] for each in followers if each in copies]
        return run

    def decide(self, number: int, user: str, word: str) -> None:
        """Approve or deny at a node; what follows runs. AWX: WorkflowApprovalApprove, WorkflowApproval.approve; UnifiedJob.save notes when."""
        approval = self.runs["workflow_approvals"][number]
        if approval["status"] != "pending":
            raise RefusedError({"error": "This workflow step has already been approved or denied."})
        approval |= {
            "status": "successful" if word == "approve" else "failed",
            "finished": now(),
            "approved_or_denied_by": user,
        }
        nodes = self.runs["workflow_job_nodes"]
        (here,) = [node for node in nodes.values() if node["job"] == number]
        for follower in here["success_nodes"] if word == "approve" else ():
            self.start(nodes[follower])

    def start(self, node: Object) -> Object:
        """Let a node's job run."""
        template = self.find("unified_job_templates", node["template"])
        job = {
            "id": self.number(),
            "type": "job",
            "name": template["name"],
            "status": "running",
            "workflow_job": node["workflow_job"],
        }
        job["playbook"] = template.get("playbook", "")
        self.runs["jobs"][job["id"]] = job
        node["job"] = job["id"]
        return job

    def shown_run(self, kind: str, run: Object) -> Object:
        """Return a job, workflow job, node or approval as AWX shows it."""
        shown = {**run, "url": f"/api/v2/{kind}/{run['id']}/", "related": {}, "summary_fields": {}}
        if kind == "workflow_approvals":
            user = shown.pop("approved_or_denied_by")
            if user:
                shown["summary_fields"]["approved_or_denied_by"] = {
                    "id": 1,
                    "username": user,
                    "first_name": "",
                    "last_name": "",
                }
        if kind == "workflow_job_nodes" and run["job"]:
            found = next((each[run["job"]] for each in self.runs.values() if run["job"] in each), {})
            shown["summary_fields"]["job"] = {name: found.get(name) for name in ("id", "name", "type", "status")}
        if "workflow_job" in run and kind == "jobs":
            shown["summary_fields"]["source_workflow_job"] = {"id": run["workflow_job"]}
        return shown
