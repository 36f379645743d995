"""The manifest of the release that this code was unpacked from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from trauma.settings import RELEASE_DIRECTORY


@dataclass(frozen=True)
class Release:
    """Name and version, and the functional modules in the manifest's order (name → Chinese title)."""

    name: str
    version: str
    module_titles: dict[str, str]


def read_release(directory: Path = RELEASE_DIRECTORY) -> Release:
    """Read `release.yml` from the release's directory. Raises `OSError`, `KeyError` or `yaml.YAMLError`."""
    manifest = yaml.safe_load((directory / "release.yml").read_text(encoding="utf-8"))
    return Release(
        name=str(manifest["name"]),
        version=str(manifest["version"]),
        module_titles={str(module["name"]): str(module["title"]["zh"]) for module in manifest["modules"]},
    )
