"""Leases as plain data; how they are taken, renewed and settled is seen in test_ledger.py."""

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.traumalink.ops.plugins.module_utils.lease import Lease, Unsettled

NOW = datetime(2026, 11, 25, 3, 30, 1, 500, tzinfo=UTC)
LEASE = Lease(
    "20261125-033000-3f9a2c", "drill", "shared", "awx@controller2", ("ops1",), "2026-11-25T03:30:00Z", NOW, NOW
)


def test_a_lease_is_plain_data() -> None:
    assert LEASE.as_dict() == {
        "run_id": "20261125-033000-3f9a2c", "verb": "drill", "mode": "shared", "actor": "awx@controller2", "hosts": ["ops1"],
        "since": "2026-11-25T03:30:00Z", "renewed_at": "2026-11-25T03:30:01Z", "expires_at": "2026-11-25T03:30:01Z",
    }  # fmt: skip


def test_names_who_went_silent() -> None:
    assert Unsettled((LEASE,)).message == (
        "Cut off and not settled yet: drill 20261125-033000-3f9a2c of awx@controller2, since 2026-11-25T03:30:00Z."
    )
