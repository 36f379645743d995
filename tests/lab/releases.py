#!/usr/bin/env python3
"""Releases of the reference application, packed and signed by the lab's vendor into the lab's releases folder when they are asked for.

    releases.py [VERSION ...]   without versions all of them; prints the archives

Nothing is written where the archive of the same content, signed by the same key, is there already.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import yaml
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.packing import pack_and_sign
from lab import DIRECTORY
from reference_release import ROOT, ReferenceReleaseError, assemble, versions


def packed(version: str, lab: Path = DIRECTORY) -> Path:
    """Return the archive of a version in the folder of a lab that is up; its signature lies beside it.

    Raises:
        ReferenceReleaseError: there is no such version.
        OpsError: it cannot be packed, or the lab has no signing key.
    """
    with tempfile.TemporaryDirectory(dir=_scratch(), prefix="release-") as folder:
        source = assemble(version, Path(folder, version))
        manifest = yaml.safe_load((source / "release.yml").read_text(encoding="utf-8"))
        return pack_and_sign(source, manifest, lab / "releases", lab / "release_key").archive


def _scratch() -> Path:
    folder = ROOT / "build" / "reference_app"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main(wanted: list[str]) -> int:
    """Pack the versions that are named, or all."""
    for version in wanted or versions():
        print(packed(version))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ReferenceReleaseError, OpsError) as failure:
        sys.exit(f"releases: {failure}")
