"""Where releases are on a host, and links that change at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.release_folder import ReleaseError
from ansible_collections.traumalink.ops.plugins.module_utils.release_places import (
    Places,
    leads_to,
    point,
    target_of,
    unlink,
)


def test_every_place_of_an_application() -> None:
    places = Places("trauma")
    assert str(places.folder("1.0.0")) == "/opt/trauma/releases/1.0.0"
    assert str(places.slot("blue")) == "/opt/trauma/slots/blue"
    assert str(places.documents) == "/opt/trauma/documents"
    assert str(places.register_file) == "/var/lib/traumalink/trauma/releases.json"


@pytest.mark.parametrize(("link", "from_slot"), [("slots/blue", True), ("documents", False)])
def test_links_lead_to_a_release_from_where_they_are(tmp_path: Path, link: str, from_slot: bool) -> None:
    (tmp_path / "releases/1.0.0").mkdir(parents=True)
    (tmp_path / link).parent.mkdir(exist_ok=True)
    point(tmp_path / link, target_of("1.0.0", from_slot=from_slot))
    assert (tmp_path / link).resolve() == tmp_path / "releases/1.0.0"


def test_a_link_changes_and_goes(tmp_path: Path) -> None:
    link = tmp_path / "slots/blue"
    (tmp_path / "slots").mkdir()
    (tmp_path / "slots/.blue.new").symlink_to("left by a killed run")
    point(link, "one")
    number = link.lstat().st_ino
    point(link, "one")
    assert (leads_to(link, "one"), link.lstat().st_ino) == (True, number)
    point(link, "two")
    assert (leads_to(link, "two"), leads_to(link, "one")) == (True, False)
    unlink(link)
    unlink(link)
    assert list((tmp_path / "slots").iterdir()) == []


def test_a_folder_in_the_way_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "documents/mine").mkdir(parents=True)
    with pytest.raises(
        ReleaseError,
        match=r"documents cannot become a link to one \(Is a directory\); look what it is, move it away, and run again",
    ):
        point(tmp_path / "documents", "one")
    unlink(tmp_path / "documents")
    assert [path.name for path in tmp_path.rglob("*")] == ["documents", "mine"]
