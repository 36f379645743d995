"""The approval: what it says, that its signature is the approver's, and who cannot make one."""

import hashlib
import json
import subprocess

import pytest
from flows import LAB, converge, play

FOLDER = LAB / "approve"


@pytest.fixture
def document():
    """Find the one approval that converging twice has made."""
    (path,) = (FOLDER / "approvals").glob("*.json")
    return path


def test_it_is_for_the_plan_and_for_nothing_else(document):
    texts = json.loads(document.read_bytes())
    assert document.name == f"approval-lab-patch-{texts['id']}.json"
    assert texts["subject"] == hashlib.sha256((FOLDER / "plan.json").read_bytes()).hexdigest()
    assert (texts["site"], texts["verb"], texts["approver"], texts["note"]) == ("lab", "patch", "approver", "年度补丁")
    assert (texts["valid_from"], texts["valid_to"]) == ("2099-12-01T14:00:00Z", "2099-12-01T21:00:00Z")


def test_it_is_signed_by_the_approver(document, tmp_path):
    kind, key = (FOLDER / "key.pub").read_text().split()[:2]
    signers = tmp_path / "allowed_signers"
    signers.write_text(f"approver {kind} {key}\n")
    verify = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "approver", "-n", "traumalink-approval"]
    with document.open("rb") as data:
        subprocess.run([*verify, "-s", f"{document}.sig"], stdin=data, check=True)


def test_the_person_reads_what_is_approved_in_both_languages(document):
    run = converge("--check")
    assert run.succeeded, run.output
    assert run.says("操作 operation: 安装安全补丁 / installation of security patches (patch)")
    assert run.says("有效期 valid: 2099-12-01 22:00:00+08:00 至 to 2099-12-02 05:00:00+08:00")


def test_an_emergency_is_approved_afterwards_by_its_run_id(tmp_path):
    run_id = "20250125-033000-3f9a2c"
    given = {"approve_site": "lab", "approve_verb": "restore", "approve_run_id": run_id, "approve_contact": "approver"}
    places = {"approve_key": str(FOLDER / "key"), "approve_destination": str(tmp_path)}
    contact = {"id": "approver", "side": "hospital", "roles": ["approver"]}
    contract = {"contacts": [{**contact, "signing_keys": [(FOLDER / "key.pub").read_text()]}]}
    run = play("approve", "-e", json.dumps({**given, **places, "contract": contract}))
    assert run.status == 0, run.output[-3000:]
    assert run.says(f"afterwards, of the emergency: {run_id}")
    (document,) = tmp_path.glob("approval-lab-restore-*.json")
    texts = json.loads(document.read_bytes())
    assert texts["subject"] == hashlib.sha256(run_id.encode()).hexdigest()
    assert texts["subject_name"] == run_id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"approve_contact": "vendor"}, "vendor is no approver of the hospital in contract.contacts"),
        ({"approve_key": str(LAB / "release_key")}, "is none of approver's signing_keys in contract.contacts"),
        ({"approve_hours": 721}, "approve_hours 721 must be from 1 to 720"),
    ],
)
def test_who_may_not_or_for_too_long_is_refused_and_signs_nothing(document, arguments, said):
    before = sorted(document.parent.iterdir())
    contact = {"id": "approver", "side": "hospital", "roles": ["approver"]}
    contract = {"contacts": [{**contact, "signing_keys": [(FOLDER / "key.pub").read_text()]}]}
    given = {
        "contract": contract,
        "approve_verb": "patch",
        "approve_subject_file": str(FOLDER / "plan.json"),
        "approve_hours": 7,
        "approve_contact": "approver",
        "approve_key": str(FOLDER / "key"),
        "approve_destination": str(document.parent),
    }
    run = play("approve", "-e", json.dumps({**given, **arguments}))
    assert run.status == 2
    assert run.says(said)
    assert sorted(document.parent.iterdir()) == before
