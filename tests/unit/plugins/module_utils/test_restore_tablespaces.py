"""Tablespaces come back to their own places; what lies there is kept aside where it lies."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.restore_tablespaces import (
    ASIDE,
    TablespaceError,
    keep_aside,
    lying_there,
    make_places,
)
from restore_host_samples import found

ME = pwd.getpwuid(os.geteuid()).pw_name
FOLDER = "PG_15_202209061"
STAMP = "20261123T190507Z"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give the place of a tablespace, with nothing in it."""
    (tmp_path / "other").mkdir()
    return tmp_path / "other"


@pytest.mark.parametrize(
    ("files", "folders"),
    [
        ([], []),
        (["lost+found/x"], []),
        ([f"{FOLDER}/"], []),
        ([FOLDER], []),  # a file of that name is nobody's data
        ([f"{FOLDER}/5/16401"], [FOLDER]),
        ([f"{FOLDER}/5/"], [FOLDER]),
        (["PG_17_202406281/5/1", f"{FOLDER}/5/1"], [FOLDER, "PG_17_202406281"]),
        ([f"{FOLDER}{ASIDE}{STAMP}/5/1"], []),
        ([f"{FOLDER}{ASIDE}{STAMP}/5/1", f"{FOLDER}/5/1"], [FOLDER]),
    ],
)
def test_only_postgresqls_folders_that_hold_something_lie_there(
    place: Path, files: list[str], folders: list[str]
) -> None:
    for name in files:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            (place / name).mkdir()
        else:
            (place / name).touch()
    assert lying_there([place, place.with_name("not_there")]) == [place / name for name in folders]


def test_a_place_that_is_no_folder_is_refused(place: Path) -> None:
    place.rmdir()
    place.write_text("a file")
    with pytest.raises(
        TablespaceError, match=rf"^{place}, where a tablespace comes back to, is no folder; .* Nothing was changed$"
    ):
        lying_there([place])


def test_what_lies_there_is_renamed_where_it_lies(place: Path) -> None:
    (place / FOLDER / "5").mkdir(parents=True)
    (place / FOLDER / "5" / "16401").write_text("precious")
    inode = (place / FOLDER).stat().st_ino
    keep_aside(lying_there([place]), STAMP)
    aside = f"{FOLDER}{ASIDE}{STAMP}"
    assert found(place) == {aside: "", f"{aside}/5": "", f"{aside}/5/16401": "precious"}
    assert (place / aside).stat().st_ino == inode
    assert lying_there([place]) == []


def test_what_was_kept_aside_is_never_replaced(place: Path) -> None:
    for name in (FOLDER, f"{FOLDER}{ASIDE}{STAMP}"):
        (place / name).mkdir()
        (place / name / "16401").write_text(name)
    before = found(place)
    with pytest.raises(OSError, match="not empty"):
        keep_aside([place / FOLDER], STAMP)
    assert found(place) == before


def test_missing_places_are_made_for_the_server_s_user_alone(place: Path) -> None:
    new = place.parent / "new" / "place"
    place.chmod(0o755)
    make_places([place, new], ME)
    assert new.is_dir()
    assert new.stat().st_mode & 0o777 == 0o700
    assert place.stat().st_mode & 0o777 == 0o755, "a place that was there keeps its mode"
    assert {path.stat().st_uid for path in (place, new)} == {os.geteuid()}
