"""The settings of a vault, as its role writes them."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

SETTINGS = {
    "stanza": "lab",
    "user": getpass.getuser(),
    "repository_path": "/r",
    "vault_path": "/v",
    "config": "/c",
    "retention_days": 30,
}


def written(folder: Path) -> Path:
    """Write them into a folder; return the file."""
    path = folder / "vault.json"
    path.write_text(json.dumps(SETTINGS))
    return path
