"""The packed release: what is in it, and that its signature is the vendor's."""

import hashlib
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

LAB = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"], "build/lab", os.environ["LAB_NAME"])
ARCHIVE = LAB / "releases/trauma-1.0.0.tar.gz"


@pytest.fixture(scope="module")
def files():
    """Read the archive: its files by name."""
    with tarfile.open(ARCHIVE) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}


def test_the_manifest_names_every_file_by_its_sum(files):
    manifest = json.loads(files.pop("trauma-1.0.0/release.yml"))
    assert (manifest["name"], manifest["version"]) == ("trauma", "1.0.0")
    sums = {f"trauma-1.0.0/{entry['path']}": entry["sha256"] for entry in manifest["files"]}
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def test_it_holds_the_documents_and_no_leftovers(files):
    assert "trauma-1.0.0/docs/update_notes.zh.md" in files
    assert not [name for name in files if "__pycache__" in name or name.endswith(".pyc")]


def test_it_is_signed_by_the_vendor(tmp_path):
    kind, key = (LAB / "release_key.pub").read_text().split()[:2]
    signers = tmp_path / "allowed_signers"
    signers.write_text(f"vendor@example.org {kind} {key}\n")
    verify = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "vendor@example.org", "-n", "traumalink-release"]
    with ARCHIVE.open("rb") as data:
        subprocess.run([*verify, "-s", f"{ARCHIVE}.sig"], stdin=data, check=True)
