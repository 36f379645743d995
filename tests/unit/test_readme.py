"""The READMEs: every playbook is named, links lead somewhere, and both languages give the same commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
DOCUMENTS = [README, CHINESE, *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "roles").glob("*/README.md"))]


def commands(readme: Path) -> list[str]:
    """Return the commands of a README outside the recorded demo, without their comments."""
    text = re.sub(r"<!-- BEGIN demo output -->.*<!-- END demo output -->", "", readme.read_text("utf-8"), flags=re.S)
    blocks = re.findall(r"^ *```console\n(.*?)^ *```", text, re.S | re.M)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]


def test_both_languages_give_the_same_commands() -> None:
    assert commands(CHINESE) == commands(README)
    assert "$ make demo" in commands(README)


@pytest.mark.parametrize("readme", [README, CHINESE], ids=lambda path: path.name)
def test_every_playbook_has_its_line_and_every_line_its_playbook(readme: Path) -> None:
    tables = re.findall(r"^\| `([a-z_]+)` \|", readme.read_text("utf-8"), re.M)
    assert sorted(tables) == sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_playbooks_that_are_called_exist(document: Path) -> None:
    called = set(re.findall(r"ansible-playbook traumalink\.ops\.([a-z_]+)", document.read_text("utf-8")))
    assert called <= {path.stem for path in (ROOT / "playbooks").glob("*.yml")}


def test_make_has_every_job_that_is_named() -> None:
    jobs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for document in (README, CHINESE, ROOT / "docs/development.md"):
        assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", document.read_text("utf-8"))) <= jobs
