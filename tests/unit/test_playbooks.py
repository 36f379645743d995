"""The order of a verb's steps: whatever can be refused is looked at before anything changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

VERBS = (
    "site",
    "deploy",
    "backup",
    "backup_check",
    "backup_files",
    "restore",
    "restore_database",
    "restore_vault",
    "restore_files",
    "drill",
    "record",
)
IN_ONE_PLAYBOOK = ("restore", "restore_database", "restore_vault")  # one verb for whoever calls it
PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


def spliced(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return tasks with those of the playbooks' own task files in the place of what includes them by name."""
    found: list[dict[str, Any]] = []
    for task in tasks:
        file = PLAYBOOKS / "tasks" / str(task.get("ansible.builtin.include_tasks", ""))
        found += spliced(yaml.safe_load(file.read_text(encoding="utf-8"))) if file.is_file() else [task]
    return found


def included(tasks: list[dict[str, Any]]) -> list[str]:
    """Return the roles that tasks and their blocks include, in order, an entry point other than `main` behind a slash."""
    blocks = [each for task in spliced(tasks) for each in (*task.get("block", ()), *task.get("always", ()), task)]
    whole = spliced(blocks)  # a block may take in a file too
    roles = [task["ansible.builtin.include_role"] for task in whole if "ansible.builtin.include_role" in task]
    return ["/".join(filter(None, (role["name"].split(".")[2], role.get("tasks_from")))) for role in roles]


def tasks_of(verb: str, part: str) -> list[str]:
    """Return the roles of a verb's checks or of its work."""
    return included(yaml.safe_load((PLAYBOOKS / f"tasks/{verb}_{part}.yml").read_text(encoding="utf-8")))


def play_of(verb: str) -> dict[str, Any]:
    """Return the one play of a verb."""
    playbook = "restore" if verb in IN_ONE_PLAYBOOK else verb
    (_require_site, play) = yaml.safe_load((PLAYBOOKS / f"{playbook}.yml").read_text(encoding="utf-8"))
    found: dict[str, Any] = play
    return found


@pytest.mark.parametrize(
    ("verb", "looks", "first_change"),
    [
        # A wrong passphrase, a lost database, a wrong signature and a truncated archive.
        (
            "site",
            ["upgrade/left", "preflight", "database_endpoint/spares", "backup/refuse_loss", "deploy/preflight"],
            "certificates",
        ),
        ("restore", ["preflight", "restore", "backup/preflight"], "certificates"),
        ("restore_database", ["preflight", "database_endpoint", "restore_database/preflight"], "drill/install"),
        ("restore_vault", ["preflight/hosts", "restore_vault"], "certificates"),
        ("deploy", ["upgrade/left", "preflight", "database_endpoint"], "deploy"),
        ("backup", ["preflight", "database_endpoint"], "database_endpoint/retire"),
        ("drill", ["drill/preflight"], "drill"),
        ("backup_files", ["file_backup/preflight"], "file_backup/run"),
        (
            "restore_files",
            ["preflight/hosts", "file_backup/preflight", "file_backup/restore_plan"],
            "certificates",
        ),
        ("backup_check", ["backup_check/preflight"], "backup_check/run"),
    ],
)
def test_a_verb_looks_before_it_changes_anything(verb: str, looks: list[str], first_change: str) -> None:
    assert tasks_of(verb, "checks") == looks
    assert tasks_of(verb, "work")[0] == first_change


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_goes_through_the_operation(verb: str) -> None:
    play = play_of(verb)
    operation = play["tasks"][-1]
    assert included([operation]) == ["operation"]
    one_playbook = verb in IN_ONE_PLAYBOOK
    named = "{{ __restore_one | ternary('restore_database', 'restore') }}" if one_playbook else verb
    assert operation["vars"]["operation_verb"] == named
    assert operation["vars"]["operation_clauses"]
    assert "ops" in play["hosts"]
    assert play["any_errors_fatal"] is True
    for part in ("checks", "work"):
        assert (
            operation["vars"][f"operation_{part}"]
            == f"{{{{ playbook_dir }}}}/tasks/{'{{ __restore_way }}' if one_playbook else verb}_{part}.yml"
        )


def test_the_application_is_stopped_only_when_nothing_is_missing_to_bring_the_data_back() -> None:
    """A closed mirror or a certificate that cannot be made would leave the hospital without its application, and nothing restored."""
    ready = ["certificates", "postgresql/install", "backup"]
    assert tasks_of("restore", "work")[:7] == [
        *ready,
        "restore/stop",
        "database_endpoint/retire",
        "backup",
        "restore/data",
    ]
    assert tasks_of("restore_vault", "work")[:7] == [
        *ready, "restore_vault/server", "restore/stop", "database_endpoint/retire", "restore_vault/data",
    ]  # fmt: skip


def test_a_restore_that_fails_is_undone_and_one_that_was_cut_off_is_not() -> None:
    """The next operation would start the application beside half a database, and hold up whatever has no app hosts."""
    recover = play_of("restore")["tasks"][-1]["vars"]["operation_recover"]
    assert "ternary('restore_database_recover', 'restore_undo')" in recover
    assert included(yaml.safe_load((PLAYBOOKS / "tasks/restore_undo.yml").read_text(encoding="utf-8"))) == [
        "restore/undo"
    ]
    assert not (PLAYBOOKS / "tasks/restore_recover.yml").exists()


def steps(path: str) -> list[dict[str, Any]]:
    """Return the tasks of a file below the collection's folder."""
    found: list[dict[str, Any]] = yaml.safe_load((PLAYBOOKS.parent / path).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(("verb", "then"), [("restore", "backup"), ("restore_vault", "restore_vault")])
def test_a_restore_keeps_its_figures_before_what_may_fail_behind_it(verb: str, then: str) -> None:
    concluded, keeps, follows = spliced(steps(f"playbooks/tasks/{verb}_work.yml"))[-3:]
    assert included([concluded]) == ["restore/conclude"]
    assert keeps["ansible.builtin.set_fact"] == {"operation_figures": "{{ restore_summary }}"}
    assert included([follows])[0].split("/")[0] == then


def test_a_backup_that_counts_keeps_its_figures_though_its_second_copy_fails() -> None:
    take = steps("playbooks/tasks/backup_work.yml")[-1]
    assert "operation_figures" in take["always"][0]["ansible.builtin.set_fact"]
    verify = steps("roles/backup/tasks/verify.yml")
    modules = [task.get("traumalink.ops.work", {}).get("module", "").rpartition(".")[2] for task in verify]
    kept = [index for index, task in enumerate(verify) if "backup_figures" in task.get("ansible.builtin.set_fact", {})]
    assert modules.index("backup_verified") < kept[0] < modules.index("backup_vault") < kept[1]


def test_what_uses_a_release_binds_its_approval_to_the_archive() -> None:
    subjects = {verb: play_of(verb)["tasks"][-1]["vars"].get("operation_subject") for verb in VERBS}
    archive = "{{ deploy_archive | default('') | traumalink.ops.file_sha256 }}"
    assert {verb: subject for verb, subject in subjects.items() if subject} == {"site": archive, "deploy": archive}


def test_only_a_deployment_creates_the_ledger() -> None:
    creating = [verb for verb in VERBS if play_of(verb)["tasks"][-1]["vars"].get("operation_creates_ledger")]
    assert creating == ["site"]
    assert [verb for verb in VERBS if len(play_of(verb)["tasks"]) > 1] == []


def test_an_empty_database_host_is_refused_by_a_deployment_and_not_by_a_restore() -> None:
    assert "backup/refuse_loss" not in tasks_of("restore", "checks")
    begun = yaml.safe_load((PLAYBOOKS.parent / "roles/backup/tasks/refuse_loss.yml").read_text(encoding="utf-8"))
    assert begun[0]["ansible.builtin.import_tasks"] == "preflight.yml"


@pytest.mark.parametrize("verb", VERBS)
def test_each_entry_point_that_is_called_is_described(verb: str) -> None:
    for step in tasks_of(verb, "checks") + tasks_of(verb, "work"):
        role, _, entry_point = step.partition("/")
        path = PLAYBOOKS.parent / "roles" / role / "meta/argument_specs.yml"
        assert (entry_point or "main") in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]


def test_every_play_works_through_its_tasks_host_by_host_whatever_the_environment_says() -> None:
    """With ANSIBLE_STRATEGY=free each host would begin an operation of its own."""
    plays = [play for path in PLAYBOOKS.rglob("*.yml") for play in yaml.safe_load(path.read_text(encoding="utf-8"))]
    named = {play["name"]: play.get("strategy") for play in plays if "hosts" in play}
    assert len(named) > len(VERBS)
    assert {name for name, strategy in named.items() if strategy != "linear"} == set()


def test_a_host_is_patched_behind_a_backup_and_drained_and_is_done_only_when_it_serves_again() -> None:
    assert included(steps("playbooks/tasks/patch_host.yml")) == [
        "patch/cutoff", "patch/fetch", "backup/run", "patch/cutoff", "patch/drain", "patch/system", "patch/database", "patch/reboot", "patch/ready", "patch/soak",
        "patch/done",
    ]  # fmt: skip


def test_a_patching_that_failed_takes_packages_back_before_traffic_and_says_what_stays() -> None:
    assert included(steps("playbooks/tasks/patch_recover.yml")) == [
        "patch/figures", "patch/back", "upgrade/found", "rollback/back", "patch/health", "patch/report", "patch/left",
    ]  # fmt: skip


def test_an_approval_of_a_patching_is_for_its_plan() -> None:
    (_require_site, play) = yaml.safe_load((PLAYBOOKS / "patch.yml").read_text(encoding="utf-8"))
    given = play["tasks"][0]["vars"]
    assert (
        given["operation_subject"]
        == "{{ (patch_plan | default('') | traumalink.ops.file_sha256) if operation_verb == 'patch' else '' }}"
    )
    assert given["operation_clauses"] == ["4.5", "5.8"]
    assert play["any_errors_fatal"] is True
