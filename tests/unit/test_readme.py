"""The READMEs: every playbook is named, links lead somewhere, and both languages give the same commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
DOCUMENTS = [README, CHINESE, *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "roles").glob("*/README.md"))]


TRANSLATED = sorted((ROOT / "docs").glob("*.zh.md"))


def text_of(document: Path) -> str:
    """Return a document without the recorded demo."""
    return re.sub(r"<!-- BEGIN demo output -->.*<!-- END demo output -->", "", document.read_text("utf-8"), flags=re.S)


def commands(document: Path) -> list[str]:
    """Return the commands of a document, without their comments."""
    blocks = re.findall(r"^ *```console\n(.*?)^ *```", text_of(document), re.S | re.M)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]


def structure(document: Path) -> list[str]:
    """Return what a document consists of, in order: headings by their depth, rows of tables by their cells, items of lists, fenced blocks.

    Lists in lines of their own are told apart from text; how text is broken into lines is each language's own.
    """
    outside = re.sub(r"^ *```(\w+)\n.*?^ *```", r"```\1", text_of(document), flags=re.S | re.M)
    found = []
    for line in outside.splitlines():
        if heading := re.match(r"#+ ", line):
            found.append(heading[0].strip())
        elif line.startswith("|"):
            cells = re.split(r"(?<!\\)[|]", line)
            found.append(f"row of {len(cells) - 2}")
        elif item := re.match(r" *(-|\d+\.) ", line):
            found.append(item[1])
        elif line.lstrip().startswith("```"):
            found.append(line.strip())
    return found


def names(document: Path) -> set[str]:
    """Return what stands in code within the text and names something of the system: variables, units, files, metrics."""
    return set(re.findall(r"`([a-z][a-z0-9]*(?:[_.-][a-z0-9]+)+)`", text_of(document)))


def test_both_languages_give_the_same_commands() -> None:
    assert commands(CHINESE) == commands(README)
    assert "$ make demo" in commands(README)


@pytest.mark.parametrize("chinese", TRANSLATED, ids=lambda path: path.name)
def test_a_guide_says_the_same_in_both_languages(chinese: Path) -> None:
    english = chinese.with_name(chinese.name.replace(".zh.md", ".md"))
    assert structure(chinese) == structure(english)
    assert commands(chinese) == commands(english)
    assert names(chinese) == names(english)


def test_what_people_of_a_hospital_read_exists_in_both_languages() -> None:
    guides = {path.name.removesuffix(".zh.md") for path in TRANSLATED}
    assert {"emergency_plan", "backup", "backup_check", "escrow", "restore_single", "restore_without_ops"} <= guides


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
