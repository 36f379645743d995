"""Parts of the collection as a package on a host."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.traumalink.ops.plugins.module_utils import vault_program
from ansible_collections.traumalink.ops.plugins.module_utils.host_program import package_files


def test_the_package_runs_without_ansible_and_without_the_collection(tmp_path: Path) -> None:
    assert vault_program  # imported, so that it is part of the package
    files = package_files(tmp_path)
    for file in files:
        file.path.parent.mkdir(exist_ok=True)
        file.path.write_text(file.content, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import runpy; sys.argv[1:] = ['x']; "
         "runpy.run_module('traumalink_ops.vault_program', run_name='__main__')"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.endswith("vault_program: takes no arguments\n")


def test_files_are_roots_and_everybody_may_read_them(tmp_path: Path) -> None:
    files = {file.path.name: file for file in package_files(tmp_path)}
    assert {"__init__.py", "vault_program.py", "vault.py", "files.py"} <= set(files)
    assert {(file.owner, file.mode) for file in files.values()} == {("root", 0o644)}
    assert "class Vault:" in files["vault.py"].content
