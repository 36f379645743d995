"""What the deployment tells a process through its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RELEASE_DIRECTORY = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """The environment lacks what a process cannot run without."""


@dataclass(frozen=True)
class Settings:
    """The environment of one process.

    `database_dsn` is a libpq connection string without a password (that comes from PGPASSFILE); `slot` is `blue`,
    `green`, or empty outside a deployment.
    """

    database_dsn: str
    slot: str = ""


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises `SettingsError` when DATABASE_DSN is missing."""
    dsn = environment.get("DATABASE_DSN", "")
    if not dsn:
        raise SettingsError("DATABASE_DSN is not set: give a libpq connection string, the password through PGPASSFILE")
    return Settings(database_dsn=dsn, slot=environment.get("SLOT", ""))
