"""A release is BAD for what it did, not for what happened around it."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import RELEASE_FAULT
from ansible_collections.traumalink.ops.plugins.plugin_utils.release_blame import blame

REASON = "app1: trauma-web@green.service does not stay up (failed, exit-code)"


def test_what_the_release_did_makes_it_bad() -> None:
    assert blame(REASON, [RELEASE_FAULT], [], []) == REASON
    assert blame(REASON, [RELEASE_FAULT, RELEASE_FAULT], [], []) == REASON


@pytest.mark.parametrize(
    ("codes", "unreached", "around"),
    [
        ([], [], []),
        ([""], [], []),
        ([RELEASE_FAULT, ""], [], []),
        (["27"], [], []),
        ([RELEASE_FAULT], ["app2"], []),
        ([RELEASE_FAULT], [], ["the database was restarted"]),
    ],
    ids=[
        "nothing failed",
        "a step that cannot tell",
        "another failed too",
        "another kind",
        "a host was away",
        "a restart",
    ],
)
def test_what_happened_around_it_does_not(codes: list[str], unreached: list[str], around: list[str]) -> None:
    assert blame(REASON, codes, unreached, around) == ""


def test_what_fails_when_it_was_decided_for_does_not() -> None:
    assert blame(REASON, [RELEASE_FAULT], [], [], decided=True) == ""
