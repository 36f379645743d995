# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an upgrade cost the hospital, for its record: what HAProxy counted on every edge host while it went on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_figures import look_of, traffic_between

__all__ = ["upgrade_figures"]


def upgrade_figures(starts: Sequence[Mapping[str, Any]], ends: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return requests, failed_requests and downtime_seconds; and counted_anew, on how many edge hosts HAProxy was restarted meanwhile, where it was.

    Args:
        starts, ends: what M(traumalink.ops.haproxy_backend_info) returned at the beginning and at the end, for each edge host in the same order.

    Raises:
        ValueError: these are no such results.
    """
    spans = [traffic_between(look_of(start, None), look_of(end, None)) for start, end in zip(starts, ends, strict=True)]
    figures: dict[str, Any] = {
        "requests": sum(span.requests for span in spans),
        "failed_requests": sum(span.failed for span in spans),
        "downtime_seconds": max((span.downtime_seconds for span in spans), default=0),
    }
    anew = sum(span.began_anew for span in spans)
    return {**figures, "counted_anew": anew} if anew else figures
