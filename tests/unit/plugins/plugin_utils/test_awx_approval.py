"""An approval at AWX's node: asked of AWX itself, over TLS, on a fake of it; everything that a launch could feign is tried."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fake_awx
import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import read_record
from ansible_collections.traumalink.ops.plugins.plugin_utils.approval import ApprovalError
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_approval import at_node, awx_approvers, question_of
from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_reader import TOKEN, AwxReader, AwxUnreadError
from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import Contract, read_contract
from ansible_collections.traumalink.ops.plugins.plugin_utils.operation_request import approval_of
from authority import Authority
from awx_runs import RunningAwx

SHA256 = "5f1e" * 16
OTHER = "0000" * 16
LI_NA = {
    "id": "li_na",
    "name": {"zh": "李娜", "en": "Li Na"},
    "side": "hospital",
    "roles": ["approver"],
    "awx_user": "li.na",
}
WANG = {
    "id": "wang_wei",
    "name": {"zh": "王伟", "en": "Wang Wei"},
    "side": "vendor",
    "roles": ["technician"],
    "awx_user": "wang.wei",
}
SURVEY = {
    "name": "w", "description": "",
    "spec": [{"type": "text", "question_name": "q", "variable": name, "required": True} for name in ("upgrade_archive", "awx_approval_sha256")],
}  # fmt: skip


@dataclass
class Case:
    """A fake AWX with the workflow of a site, and what a job of it may ask."""

    awx: RunningAwx
    url: str
    ca: str
    contract: Contract
    workflow: int = 0
    run: dict[str, Any] = field(default_factory=dict)

    def make(self, approval: str = "lab approve upgrade") -> None:
        """Make the workflow: approval, upgrade."""
        awx = self.awx
        owner = awx.create("organizations", {"name": "lab"})["id"]
        project = awx.create(
            "projects", {"name": "p", "organization": owner, "scm_type": "git", "scm_url": "https://x/y"}
        )["id"]
        inventory = awx.create("inventories", {"name": "i", "organization": owner})["id"]
        given = {"name": "lab upgrade", "project": project, "inventory": inventory, "playbook": "playbooks/upgrade.yml"}
        template = awx.create("job_templates", given)["id"]
        self.workflow = awx.create(
            "workflow_job_templates", {"name": "w", "organization": owner, "survey_enabled": True}
        )["id"]
        awx.surveys[("workflow_job_templates", self.workflow)] = SURVEY
        waits = awx.create("workflow_approval_templates", {"name": approval})["id"]
        nodes = [
            awx.create("workflow_job_template_nodes", {"workflow_job_template": self.workflow, "identifier": name})
            for name in ("approval", "upgrade")
        ]
        for node, launched in zip(nodes, (waits, template), strict=True):
            node["unified_job_template"] = launched
        awx.attach("workflow_job_template_nodes", nodes[0]["id"], "success_nodes", {"id": nodes[1]["id"]})

    def launch(self, sha256: str = SHA256, user: str = "wang.wei") -> int:
        """Launch the workflow; return the approval's number."""
        answers = {"upgrade_archive": "/srv/releases/trauma-1.1.0.tar.gz", "awx_approval_sha256": sha256}
        self.run = self.awx.launch(self.workflow, user, {"extra_vars": answers})
        return max(self.awx.runs["workflow_approvals"])

    def approved(self, user: str = "li.na", sha256: str = SHA256) -> str:
        """Launch it and approve it; return the number of the job that follows."""
        self.awx.decide(self.launch(sha256), user, "approve")
        return str(max(self.awx.runs["jobs"]))

    def ask(self, path: str) -> dict[str, Any]:
        """Read from it as the gate does."""
        return AwxReader(self.url, "reader", self.ca)(path)

    def judged(
        self, job: str, verb: str = "upgrade", subject: str = SHA256, at: datetime | None = None, site: str = "lab"
    ) -> Any:
        """Ask for the approval of an operation."""
        return at_node(self.ask, job, self.contract, site, verb, subject, at or datetime.now(UTC))


@pytest.fixture
def case(tmp_path: Path, contract_data: Callable[..., dict[str, Any]]) -> Iterator[Case]:
    """Give the fake, reached over TLS with a certificate that the contract's authority vouches for."""
    authority = Authority(tmp_path, "hospital")
    awx = RunningAwx(["playbooks/upgrade.yml"], [], {"reader": ("auditor", "read")})
    server = fake_awx.serve(awx)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.give("127.0.0.1"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, ca = f"https://127.0.0.1:{server.server_port}", authority.file.read_text()
    data = contract_data(contacts=[LI_NA, WANG], awx={"url": url, "ca": ca})
    found = Case(awx, url, ca, read_contract(data))
    found.make()
    yield found
    server.shutdown()


def test_it_says_who_approved_what_and_when_and_a_record_takes_it(
    case: Case, plain_record: Callable[..., dict[str, Any]]
) -> None:
    kept = case.judged(case.approved()).as_record()
    assert (kept["approver"], kept["subject"], kept["signature"]) == ("li_na", SHA256, "")
    assert datetime.fromisoformat(kept["valid_to"]) - datetime.fromisoformat(kept["valid_from"]) == timedelta(hours=24)
    told = json.loads(kept["document"])
    assert (told["awx"], told["user"], told["workflow_job"], told["verb"]) == (
        case.url,
        "li.na",
        case.run["id"],
        "upgrade",
    )
    record = read_record(plain_record(verb="upgrade", approval=kept))
    assert record.approval is not None
    assert record.approval.approver == "li_na"


def test_each_approval_has_an_id_of_its_own_which_the_ledger_uses_up(case: Case) -> None:
    first, second = case.approved(), case.approved()
    ids = [case.judged(job).approval.id for job in (first, first, second)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("user", ["wang.wei", "admin"])
def test_nobody_but_the_hospital_s_approvers_approves(case: Case, user: str) -> None:
    with pytest.raises(ApprovalError, match=f"AWX's user {user} approved, who is no approver of the hospital"):
        case.judged(case.approved(user))


def test_one_whom_the_contract_names_no_approver_does_not_approve(
    case: Case, contract_data: Callable[..., dict[str, Any]]
) -> None:
    contacts = [{**LI_NA, "roles": ["recipient"]}]
    other = replace(
        case, contract=read_contract(contract_data(contacts=contacts, awx={"url": case.url, "ca": case.ca}))
    )
    with pytest.raises(ApprovalError, match=r"AWX's user li\.na approved, who is no approver"):
        other.judged(case.approved())


def test_what_was_approved_is_what_the_workflow_s_variables_named_at_its_launch(case: Case) -> None:
    with pytest.raises(
        ApprovalError, match="SHA-256 000000000000…, and this run would use the release or plan with SHA-256 5f1e"
    ):
        case.judged(case.approved(sha256=OTHER))
    with pytest.raises(ApprovalError, match="this run names none"):
        case.judged(case.approved(), subject="")


def test_an_approval_is_for_one_site_and_one_verb(case: Case) -> None:
    job = case.approved()
    with pytest.raises(ApprovalError, match="has no step 'lab approve finalize' before job"):
        case.judged(job, verb="finalize")
    with pytest.raises(ApprovalError, match="has no step 'other approve upgrade' before job"):
        case.judged(job, site="other")


def test_a_job_outside_of_a_workflow_has_no_approval(case: Case) -> None:
    job = case.awx.runs["jobs"].setdefault(900, {"id": 900, "type": "job", "status": "running"})
    with pytest.raises(ApprovalError, match="AWX job 900 was started by itself"):
        case.judged(str(job["id"]))


def test_a_job_that_is_over_lends_its_approval_to_nobody(case: Case) -> None:
    job = case.approved()
    case.awx.runs["jobs"][int(job)]["status"] = "successful"
    with pytest.raises(ApprovalError, match="is successful by AWX's word, not running"):
        case.judged(job)


def test_an_approval_that_waits_was_denied_or_stands_behind_the_job_is_none(case: Case) -> None:
    job = case.approved()
    approval = case.awx.runs["workflow_approvals"][max(case.awx.runs["workflow_approvals"])]
    for status in ("pending", "failed"):
        approval["status"] = status
        with pytest.raises(ApprovalError, match=f"is {status}, not approved"):
            case.judged(job)
    approval["status"] = "successful"
    nodes = [node for node in case.awx.runs["workflow_job_nodes"].values() if node["workflow_job"] == case.run["id"]]
    nodes[0]["success_nodes"], nodes[1]["success_nodes"] = [], [nodes[0]["id"]]
    with pytest.raises(ApprovalError, match="has no step 'lab approve upgrade' before job"):
        case.judged(job)


def test_it_is_good_for_a_day_from_when_awx_says(case: Case) -> None:
    job, now = case.approved(), datetime.now(UTC)
    assert case.judged(job, at=now + timedelta(hours=23)).approval.approver == "li_na"
    with pytest.raises(ApprovalError, match="more than 24 hours ago"):
        case.judged(job, at=now + timedelta(hours=25))
    with pytest.raises(ApprovalError, match="AWX says that it was approved at"):
        case.judged(job, at=now - timedelta(minutes=5))


def test_only_the_awx_that_the_contract_s_authority_vouches_for_is_asked(case: Case, tmp_path: Path) -> None:
    """Whoever sets up an AWX of their own, and a name that leads there, approves nothing."""
    feigned = Authority(tmp_path, "feigned").file.read_text()
    job = case.approved()
    before = len(case.awx.asked)
    with pytest.raises(AwxUnreadError, match="cannot be asked"):
        AwxReader(case.url, "reader", feigned)(f"jobs/{job}/")
    assert len(case.awx.asked) == before, "the token was not sent"


@pytest.mark.parametrize(
    ("token", "path", "said"),
    [("stranger", "jobs/1/", "does not take the token"), ("reader", "jobs/999/", "has no jobs/999/")],
)
def test_what_awx_refuses_is_said(case: Case, token: str, path: str, said: str) -> None:
    with pytest.raises(AwxUnreadError, match=said):
        AwxReader(case.url, token, case.ca)(path)


JOB = {"AWX_HOST": "https://awx.example.org", "JOB_ID": "17", TOKEN: "reader"}


@pytest.mark.parametrize("missing", sorted(JOB))
def test_elsewhere_than_in_a_job_with_the_credential_nobody_is_asked(case: Case, missing: str) -> None:
    assert question_of(case.contract, JOB) is not None
    assert question_of(case.contract, {name: value for name, value in JOB.items() if name != missing}) is None
    assert question_of(case.contract, {**JOB, "JOB_ID": "17/../1"}) is None


def test_a_contract_without_awx_asks_nobody(contract_data: Callable[..., dict[str, Any]]) -> None:
    contract = read_contract(contract_data())
    assert question_of(contract, JOB) is None
    assert awx_approvers(contract) == {}


def gate(case: Case, job: str, **given: Any) -> tuple[dict[str, Any] | None, str]:
    """Return what the gate makes of it, in a job's environment."""
    asked = {"verb": "upgrade", "site": "lab", "subject": SHA256, "approval": "", **given}

    def none(_run_id: str) -> Any:
        raise OpsError("no emergency")

    return approval_of(asked, case.contract, datetime.now(UTC), none, {**JOB, "JOB_ID": job})


def test_the_gate_takes_it_where_a_verb_needs_one(case: Case) -> None:
    job = case.approved()
    approval, problem = gate(case, job)
    assert (approval and approval["approver"], problem) == ("li_na", "")
    case.awx.asked.clear()
    assert gate(case, job, verb="backup")[0] is None
    assert case.awx.asked == [], "what needs none asks nobody"


def test_the_gate_says_why_there_is_none(case: Case) -> None:
    approval, problem = gate(case, case.approved("wang.wei"))
    assert approval is None
    assert "who is no approver of the hospital in contract.contacts (awx_user)" in problem


def test_a_signed_file_goes_before_the_node(case: Case, tmp_path: Path) -> None:
    case.awx.asked.clear()
    _approval, problem = gate(case, case.approved(), approval=str(tmp_path / "none.json"))
    assert "names nobody who may approve: give a contact with side hospital, role approver and signing_keys" in problem
    assert case.awx.asked == []
