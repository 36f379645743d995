"""The Ansible module `release_archive`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.modules import release_archive

Run = Callable[..., dict[str, Any]]


def test_packs_once(run_module: Run, source: Path, tmp_path: Path, keys: Callable[[str], Path]) -> None:
    arguments = {"source": str(source), "destination": str(tmp_path / "out"), "signing_key": str(keys("vendor"))}
    assert run_module(release_archive.main, True, **arguments)["changed"]
    assert not (tmp_path / "out").exists()
    result = run_module(release_archive.main, **arguments)
    assert result["changed"]
    assert Path(result["archive"]).name == "trauma-1.2.0.tar.gz"
    assert Path(result["signature"]).read_text().startswith("-----BEGIN SSH SIGNATURE-----")
    assert (result["name"], result["version"]) == ("trauma", "1.2.0")
    assert run_module(release_archive.main, **arguments)["changed"] is False


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "cannot be read"), ("a: [", "is not YAML"), ("name: trauma\n", "version: is missing")],
)
def test_says_what_is_wrong_with_the_manifest(
    run_module: Run, source: Path, tmp_path: Path, keys: Callable[[str], Path], text: str | None, said: str
) -> None:
    manifest = source / "release.yml"
    manifest.unlink()
    if text is not None:
        manifest.write_text(text)
    result = run_module(
        release_archive.main, source=str(source), destination=str(tmp_path), signing_key=str(keys("vendor"))
    )
    assert result["failed"]
    assert said in result["msg"]
