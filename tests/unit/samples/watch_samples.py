"""The settings of the watch over the backups, as its role writes them."""

from __future__ import annotations

from typing import Any

SETTINGS: dict[str, Any] = {
    "repository_path": "/srv/repository",
    "peers": [{"name": "db1", "address": "192.0.2.7", "port": 8432}],
    "success_hours": 30,
    "archive_minutes": 15,
    "drill_days": 31,
    "certificate_days": 30,
    "full_days": 14,
    "vault": True,
    "second": False,
    "file_hosts": [],
}
