"""A small release's source directory, signing keys, and archives of any make, for the tests of releases."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.traumalink.ops.plugins.module_utils import packing
from ansible_collections.traumalink.ops.plugins.module_utils.ledger import Ledger
from ansible_collections.traumalink.ops.plugins.module_utils.record import Record
from ansible_collections.traumalink.ops.plugins.module_utils.record_reader import read_record

FILES = {
    "app/main.py": b"print('hello')\n",
    "docs/update_notes.zh.md": "第一个版本\n".encode(),
    "bin/web": b"#!/bin/sh\n",
}


def manifest_data(**changes: Any) -> dict[str, Any]:
    """What a vendor writes in release.yml, with `changes`."""
    data: dict[str, Any] = {
        "name": "trauma",
        "version": "1.2.0",
        "from_versions": ["1.0.0", "1.1.0"],
        "processes": [
            {"name": "web", "command": ["/usr/bin/gunicorn", "app:main"], "singleton": False},
            {"name": "worker", "command": ["/usr/bin/python3", "-m", "worker"], "singleton": True},
        ],
        "modules": [{"name": "triage", "title": {"zh": "预检分诊", "en": "Triage"}, "health": "/health/triage"}],
        "migrations": [
            {"id": "0001", "kind": "expand", "expected_seconds": 5, "check": ["/bin/true"], "command": ["/bin/true"]}
        ],
        "documents": [{"kind": "update_notes", "language": "zh", "path": "docs/update_notes.zh.md"}],
    }
    return {**data, **changes}


@pytest.fixture
def manifest() -> Callable[..., dict[str, Any]]:
    """Give a vendor's manifest, with changes by keyword."""
    return manifest_data


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a source directory that can be packed."""
    directory = tmp_path / "source"
    for name, content in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (directory / "bin/web").chmod(0o755)
    (directory / "release.yml").write_text(json.dumps(manifest_data()), encoding="utf-8")
    return directory


@dataclass
class Member:
    """One entry of a tar that a test builds: anything that tarfile can express."""

    name: str
    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    mode: int = 0o644
    link: str = ""


Build = Callable[..., io.BytesIO]


@pytest.fixture
def build() -> Build:
    """Give a builder of archives: those members, behind a manifest that names `files` (all regular members by default)."""

    def make(
        *members: Member, files: list[dict[str, Any]] | None = None, first: bool = True, **changes: Any
    ) -> io.BytesIO:
        folder = "trauma-1.2.0"
        if files is None:
            files = [described(member) for member in members if member.kind == tarfile.REGTYPE]
        text = json.dumps({**manifest_data(documents=[]), **changes, "files": files}).encode()
        output = io.BytesIO()
        with tarfile.open(fileobj=output, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
            for member in [Member("release.yml", text)] * first + list(members):
                absolute = member.name.startswith(("/", "raw:"))
                name = member.name.removeprefix("raw:") if absolute else f"{folder}/{member.name}"
                info = tarfile.TarInfo(name)
                info.type, info.mode, info.linkname = member.kind, member.mode, member.link
                info.size = len(member.content)
                tar.addfile(info, io.BytesIO(member.content))
        output.seek(0)
        return output

    return make


@pytest.fixture
def member() -> type[Member]:
    """Give the type of a member."""
    return Member


def described(member: Member) -> dict[str, Any]:
    """Describe a member as the manifest does, with its own path whatever that is."""
    return {
        "path": member.name.removeprefix("raw:"),
        "sha256": hashlib.sha256(member.content).hexdigest(),
        "size_bytes": len(member.content),
        "executable": bool(member.mode & 0o100),
    }


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give a private key file by name, made once a session."""
    directory = tmp_path_factory.mktemp("keys")

    def key(name: str) -> Path:
        path = directory / name
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True)
        return path

    return key


@pytest.fixture(scope="session")
def allowed(keys: Callable[[str], Path]) -> Callable[[str], str]:
    """Give the allowed signers' text that admits one key as `<name>@vendor.example`."""

    def text(name: str) -> str:
        public = " ".join(keys(name).with_suffix(".pub").read_text().split()[:2])
        return f"# who may sign\n{name}@vendor.example {public}\n"

    return text


@pytest.fixture
def signed_archive(source: Path, tmp_path: Path, keys: Callable[[str], Path]) -> packing.Packed:
    """Give a packed release, signed by the key `vendor`."""
    return packing.pack_and_sign(source, manifest_data(), tmp_path / "published", keys("vendor"))


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Give a function that runs an Ansible module's main() in this process and returns its result; `check` for check mode."""

    def run(main: Callable[[], None], check: bool = False, **arguments: Any) -> dict[str, Any]:
        capsys.readouterr()
        with patch_module_args({**arguments, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


def record_data(number: int = 1, **changes: Any) -> dict[str, Any]:
    """What a caller gives as the record of its operation, open as long as `changes` do not close it."""
    data = {"run_id": f"20261125-033000-{number:06x}", "site": "lab", "verb": "backup", "actor": "li.na@controller1"}
    return {**data, "started_at": "2026-11-25T03:30:00Z", "hosts": ["db1", "ops1"], **changes}


@pytest.fixture
def plain_record() -> Callable[..., dict[str, Any]]:
    """Give a record's plain data by number, with changes by keyword."""
    return record_data


@pytest.fixture
def record() -> Callable[..., Record]:
    """Give a record by number, with changes by keyword."""
    return lambda number=1, **changes: read_record(record_data(number, **changes))


@pytest.fixture
def ended() -> dict[str, str]:
    """Give what closes a record well, twelve minutes after its start."""
    return {"outcome": "success", "ended_at": "2026-11-25T03:42:00Z"}


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Give a folder that other system users can reach: pytest keeps its own for whoever runs it, and closes it again at each start."""
    with tempfile.TemporaryDirectory(prefix="traumalink-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Give an empty ledger in the test's folder."""
    with Ledger.opened(tmp_path, create=True) as opened:
        yield opened
