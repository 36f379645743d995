"""A release is BAD for what it did, not for what happened around it."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.release_blame import blame


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("start", "app1: trauma-web@green.service does not stay up (failed, exit-code)"),
        ("start", "app1: 1 of 6 checks of the application failed: triage is unhealthy: HTTP 503"),
        ("migrate", "app1: migration 0003: syntax error"),
        ("soak", "edge1: after 12 s under traffic: app1-green failed 9 of 300 requests"),
    ],
)
def test_what_the_release_did_makes_it_bad(step: str, reason: str) -> None:
    assert blame(step, reason, []) == reason
    assert blame(step, reason, ["app2"]) == "", "a host was away"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("migrate", "Migration 0002 got no lock in time in 10 attempts"),
        ("soak", "after 8 s under traffic: HAProxy was restarted or reloaded meanwhile"),
        ("soak", "registry is unhealthy: HTTP 503, database away: could not connect"),
        ("cutoff", "3 min 00 s are left before the cutoff"),
        ("switch", "requests are still in flight on app1-blue"),
        ("conclude", "app2: no space left on device"),
        ("", "anything"),
    ],
)
def test_what_happened_around_it_does_not(step: str, reason: str) -> None:
    assert blame(step, reason, []) == ""
