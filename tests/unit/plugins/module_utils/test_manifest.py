"""The manifest: what is right is read, and every fault is named by its path, all at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import (
    ManifestError,
    path_problem,
    read_manifest,
    version_key,
)

Make = Callable[..., dict[str, Any]]
FILE = {"path": "a", "sha256": "0" * 64, "size_bytes": 1}


def test_reads_what_a_vendor_writes(manifest: Make) -> None:
    read = read_manifest(manifest(), packed=False)
    assert (read.name, read.version, read.from_versions) == ("trauma", "1.2.0", ("1.0.0", "1.1.0"))
    assert [(process.name, process.singleton) for process in read.processes] == [("web", False), ("worker", True)]
    assert read.processes[0].command == ("/usr/bin/gunicorn", "app:main")
    assert read.modules[0].title["zh"] == "预检分诊"
    assert read.migrations[0].expected_seconds == 5
    assert read.archive_name == "trauma-1.2.0"


def test_what_was_read_can_be_written_and_read_again(manifest: Make) -> None:
    packed = read_manifest(manifest(files=[FILE]), packed=True)
    assert packed.files[0].executable is False
    assert read_manifest(json.loads(json.dumps(packed.as_dict())), packed=True) == packed


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": "Trauma"}, "name: 'Trauma' must be"),
        ({"name": "a" * 23}, "name: "),
        ({"name": None}, "name: is missing"),
        ({"version": 1.2}, "version: must be text, not 1.2; put it in quotes"),
        ({"version": "1.2"}, "version: '1.2' must be three numbers"),
        ({"version": "01.2.3"}, "version: '01.2.3' must be"),
        ({"from_versions": ["1.2.0"]}, "from_versions[0]: 1.2.0 is not older than 1.2.0"),
        ({"from_versions": ["1.10.0"]}, "from_versions[0]: 1.10.0 is not older than 1.2.0"),
        ({"from_versions": "1.0.0"}, "from_versions: must be a list"),
        ({"processes": []}, "processes: needs at least 1 entry"),
        ({"processes": [{"name": "web", "command": []}]}, "processes[0].command: needs at least 1 entry"),
        ({"processes": [{"name": "web", "command": ["gunicorn"]}]}, "processes[0].command[0]: give the program's absolute"),
        ({"processes": [{"name": "web", "command": ["../x/y"]}]}, "processes[0].command[0]: give the program's absolute"),
        ({"processes": [{"name": "web", "command": ["/a", "b\nExecStartPre=/bin/sh"]}]}, "command[1]: holds a control"),
        ({"processes": [{"name": "web/../x", "command": ["/a"]}]}, "processes[0].name: "),
        ({"processes": [{"name": "web", "command": ["/a"], "singleton": "yes"}]}, "singleton: must be true or false"),
        ({"processes": [{"name": "web", "command": ["/a"]}] * 2}, "processes: web is there more than once"),
        ({"processes": ["web"]}, "processes[0]: must be a mapping"),
        ({"modules": [{"name": "triage", "title": {"zh": "x"}, "health": "/h"}]}, "modules[0].title.en: is missing"),
        ({"modules": [{"name": "triage", "title": {"zh": "x", "en": "y"}, "health": "h"}]}, "modules[0].health: "),
        ({"migrations": [{"id": "1", "kind": "shrink", "expected_seconds": 1, "check": ["/a"], "command": ["/a"]}]}, "kind: 'shrink' must be one of expand, contract, breaking"),
        ({"migrations": [{"id": 1, "kind": "expand", "expected_seconds": 1, "check": ["/a"], "command": ["/a"]}]}, "migrations[0].id: must be text, not 1"),
        ({"migrations": [{"id": "1", "kind": "expand", "expected_seconds": -1, "check": ["/a"], "command": ["/a"]}]}, "expected_seconds: must be a number"),
        ({"migrations": [{"id": "1", "kind": "expand", "expected_seconds": float("nan"), "check": ["/a"], "command": ["/a"]}]}, "expected_seconds: must be a number"),
        ({"documents": [{"kind": "poem", "language": "zh", "path": "a"}]}, "documents[0].kind: 'poem' must be one of"),
        ({"documents": [{"kind": "interface", "language": "zh", "path": "../a"}]}, "documents[0].path: has an empty"),
        ({"files": []}, "files: is written by packing"),
        ({"proceses": []}, "proceses: is not known here"),
    ],
)  # fmt: skip
def test_names_a_fault_by_its_path(manifest: Make, changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(manifest(**changes), packed=False)
    assert fault in str(caught.value)


def test_names_all_faults_at_once(manifest: Make) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(manifest(name="X", version="1", processes=[{"name": "web"}], extra=1), packed=False)
    for path in ("name:", "version:", "processes[0].command:", "extra:"):
        assert path in str(caught.value)


@pytest.mark.parametrize("data", [None, [], "text", 7])
def test_refuses_what_is_no_mapping(data: object) -> None:
    with pytest.raises(ManifestError, match="must be a mapping"):
        read_manifest(data, packed=False)


def test_an_archive_needs_its_files(manifest: Make) -> None:
    with pytest.raises(ManifestError, match="files: is missing"):
        read_manifest(manifest(), packed=True)
    with pytest.raises(ManifestError, match=r"files\[0\].sha256: 'zz' must be 64"):
        read_manifest(manifest(files=[{"path": "a", "sha256": "zz", "size_bytes": 1}]), packed=True)
    with pytest.raises(ManifestError, match=r"files\[0\].size_bytes: must be a number"):
        read_manifest(manifest(files=[{"path": "a", "sha256": "0" * 64, "size_bytes": 1.5}]), packed=True)


@pytest.mark.parametrize("path", ["a", "a/b.txt", "文档/手册.md", "a b", ".hidden"])
def test_plain_paths_are_fit(path: str) -> None:
    assert path_problem(path) is None


@pytest.mark.parametrize(
    "path",
    ["", "/a", "a//b", "a/../b", "..", "./a", "a/.", "a\\b", "a\nb", "a\x00b", "x" * 256, "a/" * 600 + "b", "\udcff"],
)
def test_other_paths_are_not(path: str) -> None:
    assert path_problem(path)


def test_versions_are_ordered_as_numbers() -> None:
    assert sorted(["1.10.0", "1.9.9", "1.9.10"], key=version_key) == ["1.9.9", "1.9.10", "1.10.0"]
