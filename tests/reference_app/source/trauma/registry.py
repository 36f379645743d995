"""What the registry worker and the registry's health check agree on."""

from __future__ import annotations

# The two halves of the session advisory lock that the one live registry worker holds.
WORKER_LOCK = (7_265, 1)

# A report is sent this long after its case was entered, so that a typing error can still be corrected.
REPORT_AFTER_SECONDS = 1.0

# An older pending report means that reporting has come to a stop.
OLDEST_PENDING_SECONDS = 60.0
