"""What each verb needs: DESIGN's table, row by row."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.plugin_utils.policy import NO_OPERATION, POLICIES, VERBS, policy_of

DISRUPTIVE = ("upgrade", "finalize", "patch", "migrate", "failover", "rotate_credentials")
READING = ("backup_check", "inspect", "report", "monitor", "compliance", "record", "fault", "ledger", "patch_plan")


@pytest.mark.parametrize(
    ("verbs", "window", "approval", "lock"),
    [
        (DISRUPTIVE, "required", "required", "exclusive"),
        (("rollback", "patch_undo"), "exempt", "exempt", "exclusive"),
        (("site", "deploy"), "restarts", "exempt", "exclusive"),
        (("restore",), "serving", "exempt", "exclusive"),
        (("backup",), "exempt", "exempt", "exclusive"),
        (("maintain_database",), "required", "exempt", "exclusive"),
        (("drill",), "exempt", "exempt", "shared"),
        (READING, "exempt", "exempt", "none"),
    ],
)
def test_a_row_of_the_table(verbs: tuple[str, ...], window: str, approval: str, lock: str) -> None:
    for verb in verbs:
        policy = policy_of(verb)
        assert (policy.window, policy.approval, policy.lock) == (window, approval, lock), verb


def test_every_verb_that_runs_as_an_operation_may_have_a_policy_in_the_contract() -> None:
    assert set(VERBS) == set(POLICIES)
    assert set(NO_OPERATION).isdisjoint(VERBS)


def test_what_is_urgent_to_nobody_waits_and_only_a_restore_ends_others() -> None:
    waiting = [verb for verb, policy in POLICIES.items() if policy.waits]
    assert waiting == ["restore_files", "restore_database", "backup", "backup_files"]
    assert {verb: policy.ends for verb, policy in POLICIES.items() if policy.ends} == {
        "restore": ("backup", "backup_files", "drill", "restore_database"),
        "restore_files": ("backup_files", "drill"),
    }


@pytest.mark.parametrize(
    ("verb", "restarts", "serving", "needed"),
    [
        ("upgrade", False, False, True),
        ("site", False, True, False),
        ("site", True, False, True),
        ("restore", True, False, False),
        ("restore", False, True, True),
        ("restore_files", False, False, False),
        ("restore_files", False, True, True),
        ("backup", True, True, False),
    ],
)
def test_when_a_window_is_needed(verb: str, restarts: bool, serving: bool, needed: bool) -> None:
    assert policy_of(verb).needs_window(restarts=restarts, serving=serving) is needed


def test_a_contract_makes_a_policy_stricter_and_never_looser() -> None:
    assert policy_of("backup", {"backup": {"window": "required"}}).window == "required"
    assert policy_of("site", {"site": {"window": "required", "approval": "required"}}).approval == "required"
    looser = {"upgrade": {"window": "exempt", "approval": "exempt"}, "site": {"window": "exempt"}}
    assert policy_of("upgrade", looser) == policy_of("upgrade")
    assert policy_of("site", looser) == policy_of("site")
    assert policy_of("inspect", {"inspect": {"lock": "exclusive"}}).lock == "exclusive"
    assert policy_of("backup", {"backup": {"lock": "none"}}) == policy_of("backup")


def test_a_word_that_is_no_verb_is_an_error() -> None:
    with pytest.raises(OpsError, match=r"operation_verb 'upgarde' is no verb .* use one of backup, backup_check"):
        policy_of("upgarde")
