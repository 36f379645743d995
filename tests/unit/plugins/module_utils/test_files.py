"""Files that are whole or not there."""

from __future__ import annotations

import json
import os
import pwd
import stat
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.files import (
    TextFile,
    diff_of,
    fingerprint,
    managed_block,
    rewrite,
    write_text,
)
from hypothesis import given
from hypothesis import strategies as st

ME = pwd.getpwuid(os.geteuid()).pw_name
BEGIN, END = "# BEGIN ours", "# END ours"

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


def text_file(path: Path, content: str = "port = 5432\n", mode: int = 0o640, owner: str = ME) -> TextFile:
    return TextFile(path, content, owner, mode)


# --- write_text ---


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_writes_content_and_mode_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o077)
    try:
        assert write_text(text_file(tmp_path / "a.conf", "数据\n", mode)) is True
    finally:
        os.umask(before)
    assert (tmp_path / "a.conf").read_bytes() == "数据\n".encode()
    assert stat.S_IMODE((tmp_path / "a.conf").stat().st_mode) == mode


def test_changes_nothing_where_the_file_is_as_it_should_be(tmp_path: Path) -> None:
    file = text_file(tmp_path / "a.conf")
    write_text(file)
    before = file.path.stat()
    assert write_text(file) is False
    assert (file.path.stat().st_ino, file.path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("content", ["a\r\n", "a\rb\n", "", "no line break at the end", "\u2028\x0c\n"])
def test_says_once_that_a_content_is_new_whatever_its_line_breaks(tmp_path: Path, content: str) -> None:
    file = text_file(tmp_path / "a.pem", content)
    assert [write_text(file), write_text(file)] == [True, False]
    assert file.path.read_bytes() == content.encode()


@pytest.mark.parametrize(("content", "mode"), [("port = 1\n", 0o640), ("port = 5432\n", 0o600)])
def test_replaces_another_content_or_mode(tmp_path: Path, content: str, mode: int) -> None:
    write_text(text_file(tmp_path / "a.conf", content, mode))
    wanted = text_file(tmp_path / "a.conf")
    assert write_text(wanted) is True
    assert wanted.current() == "port = 5432\n"
    assert stat.S_IMODE(wanted.path.stat().st_mode) == 0o640


@only_root
def test_gives_the_file_to_its_owner_and_takes_it_back(tmp_path: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    write_text(text_file(tmp_path / "a.conf"))
    assert write_text(text_file(tmp_path / "a.conf", owner="daemon")) is True
    found = (tmp_path / "a.conf").stat()
    assert (found.st_uid, found.st_gid) == (daemon.pw_uid, daemon.pw_gid)
    assert write_text(text_file(tmp_path / "a.conf", owner="daemon")) is False


def test_replaces_in_one_step_so_that_a_reader_keeps_the_old_file_whole(tmp_path: Path) -> None:
    write_text(text_file(tmp_path / "a.conf", "old\n"))
    with (tmp_path / "a.conf").open() as reader:
        write_text(text_file(tmp_path / "a.conf", "new\n"))
        assert reader.read() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.conf"]


def test_refuses_an_unknown_owner_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=r"a\.conf cannot be written: the system user nobody-has-it does not exist"):
        write_text(text_file(tmp_path / "a.conf", owner="nobody-has-it"))
    assert list(tmp_path.iterdir()) == []


def test_names_the_file_where_its_folder_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a.conf"
    with pytest.raises(OpsError, match=r"a\.conf cannot be written: No such file or directory"):
        write_text(text_file(path))


def test_leaves_no_temporary_file_where_the_last_step_fails(tmp_path: Path) -> None:
    # A folder stands in the file's place: everything works up to the replacement.
    (tmp_path / "a.conf").mkdir()
    file = FolderInTheWay(tmp_path / "a.conf", "x", ME, 0o644)
    with pytest.raises(OpsError, match=r"a\.conf cannot be written: Is a directory"):
        write_text(file)
    assert [path.name for path in tmp_path.iterdir()] == ["a.conf"]


class FolderInTheWay(TextFile):
    """A file whose place was taken by a folder after somebody looked."""

    def current(self) -> str | None:
        return None


# --- rewrite ---


def test_another_content_keeps_owner_group_and_mode_and_is_looked_at_first(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("old\n")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 1, 2)
    before, seen = path.stat(), []

    def verify(new: Path) -> None:
        seen.append((new.parent, new.read_text(), path.read_text(), stat.S_IMODE(new.stat().st_mode)))

    rewrite(path, "new\n", verify)
    after = path.stat()
    assert seen == [(tmp_path, "new\n", "old\n", 0o640)]
    assert path.read_text() == "new\n"
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)


def test_a_content_that_is_refused_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text("old\n")

    def verify(_new: Path) -> None:
        raise OpsError("line 1 is wrong")

    with pytest.raises(OpsError, match=r"^line 1 is wrong$"):
        rewrite(path, "new\n", verify)
    assert path.read_text() == "old\n"
    assert [each.name for each in tmp_path.iterdir()] == ["a.conf"]


# --- managed_block ---

LINES = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])), max_size=8)
OWN = st.lists(st.from_regex(r"[a-z][a-z /.0-9]*", fullmatch=True), max_size=4)


@pytest.mark.parametrize(
    ("before", "lines", "after"),
    [
        ("", ["a"], [BEGIN, "a", END]),
        ("x\ny\n", ["a", "b"], [BEGIN, "a", "b", END, "x", "y"]),
        ("x\ny", ["a"], [BEGIN, "a", END, "x", "y"]),
        (f"{BEGIN}\nold\n{END}\nx\n", ["a"], [BEGIN, "a", END, "x"]),
        (f"x\n{BEGIN}\nold\n{END}\ny\n", ["a"], [BEGIN, "a", END, "x", "y"]),
        (f"{BEGIN}\n1\n{END}\nx\n{BEGIN}\n2\n{END}\n", ["a"], [BEGIN, "a", END, "x"]),
        (f"{BEGIN}\nold\n{END}\nx\n", [], [BEGIN, END, "x"]),
        ("x\n\n\ny\n", ["a"], [BEGIN, "a", END, "x", "", "", "y"]),
        ("# BEGIN theirs\nx\n# END theirs\n", ["a"], [BEGIN, "a", END, "# BEGIN theirs", "x", "# END theirs"]),
    ],
)
def test_block_stands_at_the_top_and_other_lines_stay(before: str, lines: list[str], after: list[str]) -> None:
    assert managed_block(before, lines, "ours") == "\n".join(after) + "\n"


@given(others=LINES, lines=OWN, earlier=OWN)
def test_block_keeps_every_other_line_and_is_idempotent(
    others: list[str], lines: list[str], earlier: list[str]
) -> None:
    others = [line for line in others if line not in (BEGIN, END)]
    text = "".join(line + "\n" for line in others)
    first = managed_block(managed_block(text, earlier, "ours"), lines, "ours")
    assert first.split("\n") == [BEGIN, *lines, END, *others, ""]
    assert managed_block(first, lines, "ours") == first


@pytest.mark.parametrize("separator", ["\u2028", "\x0c", "\x85", "\x1c"])
def test_a_comment_stays_one_line_whatever_python_thinks_of_its_characters(separator: str) -> None:
    # str.splitlines breaks there, PostgreSQL does not: half a comment must not become a rule.
    line = f"# old:{separator}host all all 0.0.0.0/0 trust"
    assert managed_block(line + "\n", ["a"], "ours").split("\n")[3] == line


def test_refuses_a_damaged_block_rather_than_swallow_the_rest() -> None:
    with pytest.raises(OpsError, match="a file holds '# BEGIN ours' without '# END ours'"):
        managed_block(f"{BEGIN}\na\nsomebody's line\n", ["a"], "ours")


# --- fingerprint, diff ---


def test_fingerprint_differs_by_content_name_and_presence(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    seen = [fingerprint([one])]
    one.write_text("")
    seen.append(fingerprint([one]))
    one.write_text("a")
    seen.append(fingerprint([one]))
    two.write_text("a")
    seen += [fingerprint([two]), fingerprint([one, two])]
    assert len(set(seen)) == len(seen)
    assert fingerprint([two, one]) == fingerprint([one, two])
    assert fingerprint([one, two]) == fingerprint(iter([one, two]))


def test_diff_names_only_what_differs(tmp_path: Path) -> None:
    same, other, new = (tmp_path / name for name in ("same", "other", "new"))
    same.write_text("a\n")
    other.write_text("before\n")
    found = diff_of([text_file(same, "a\n"), text_file(other, "after\n"), text_file(new, "made\n")])
    assert found == [
        {"before_header": str(other), "after_header": str(other), "before": "before\n", "after": "after\n"},
        {"before_header": str(new), "after_header": str(new), "before": "", "after": "made\n"},
    ]


def test_bytes_of_another_encoding_survive(tmp_path: Path) -> None:
    path = tmp_path / "pg_hba.conf"
    path.write_bytes("# 医院\n".encode("gbk"))
    owner = pwd.getpwuid(os.geteuid()).pw_name
    file = TextFile(path, managed_block(TextFile(path, "").current() or "", ["local all all peer"], "x"), owner, 0o600)
    json.dumps(diff_of([file])).encode()
    write_text(file)
    assert path.read_bytes() == b"# BEGIN x\nlocal all all peer\n# END x\n" + "# 医院\n".encode("gbk")
