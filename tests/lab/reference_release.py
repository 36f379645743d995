#!/usr/bin/env python3
"""The releases of the reference application as folders ready for packing: its source, and what each later version lays over it.

    reference_release.py [VERSION ...]   into build/reference_app/<version>; without versions all of them

1.0.0 is tests/reference_app/source. A later version holds, in tests/reference_app/releases/<version>, only the files that differ from
the newest version its manifest comes from (`from_versions`). The broken variants of `broken_release` are made here as well.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import yaml
from broken_release import BROKEN, broken_from

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = ROOT / "tests" / "reference_app"
FIRST = "1.0.0"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


class ReferenceReleaseError(Exception):
    """There is no such version, or its overlay does not say what it lies on; the message says which there are."""


def overlay(version: str) -> Path:
    """Return the folder with what a version adds; raise ReferenceReleaseError where there is none."""
    folder = APPLICATION / "source" if version == FIRST else APPLICATION / "releases" / version
    if not (folder / "release.yml").is_file():
        raise ReferenceReleaseError(
            f"the reference application has no version {version}; it has {' '.join(versions())}"
        )
    return folder


def versions() -> list[str]:
    """Return every version that can be assembled, the broken ones included, in order."""
    later = [folder.parent.name for folder in (APPLICATION / "releases").glob("*/release.yml")]
    return sorted([FIRST, *later, *BROKEN], key=_order)


def layers(version: str) -> list[str]:
    """Return the versions whose files make up a version, the undermost first."""
    if version == FIRST:
        return [FIRST]
    origins = yaml.safe_load((overlay(version) / "release.yml").read_text(encoding="utf-8"))["from_versions"]
    if not origins or any(_order(origin) >= _order(version) for origin in origins):
        raise ReferenceReleaseError(f"{version} must name in from_versions the earlier version that it lies on")
    return [*layers(max(origins, key=_order)), version]


def assemble(version: str, destination: Path) -> Path:
    """Write a whole release into `destination`, which it replaces, and return it.

    Raises:
        ReferenceReleaseError: there is no such version.
    """
    broken = BROKEN.get(version)
    below = layers(broken.base if broken else version)
    shutil.rmtree(destination, ignore_errors=True)
    for layer in below:
        shutil.copytree(overlay(layer), destination, ignore=LEFT_OUT, dirs_exist_ok=True)
    if broken:
        broken_from(destination, version, broken)
    return destination


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def main(wanted: list[str]) -> int:
    """Assemble the versions that are named, or all."""
    for version in wanted or versions():
        print(assemble(version, ROOT / "build" / "reference_app" / version))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ReferenceReleaseError as failure:
        sys.exit(f"reference release: {failure}")
