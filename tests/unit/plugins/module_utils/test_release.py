"""Staging and activating on a host: verified first, whole or not at all, finished by the next run after any kill."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import packing, release, release_folder, release_places
from ansible_collections.traumalink.ops.plugins.module_utils.archive import ArchiveError
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.release import (
    Change,
    Places,
    ReleaseError,
    activate,
    finalize,
    is_laid_down,
    is_staged,
    mark_bad,
    planned,
    refuse_other_version,
    roll_back,
    stage,
    verified,
)
from ansible_collections.traumalink.ops.plugins.module_utils.signature import SignatureError

Packed = packing.Packed
Allowed = Callable[[str], str]
Keys = Callable[[str], Path]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places("trauma", tmp_path / "opt", tmp_path / "state", pwd.getpwuid(os.getuid()).pw_name)


def put(places: Places, packed: Packed, allowed: Allowed, **options: Any) -> Change:
    return stage(places, packed.archive, None, allowed("vendor"), **options)


def newer(source: Path, keys: Keys, manifest: Callable[..., dict[str, Any]], version: str, note: str = "x") -> Packed:
    (source / "app/main.py").write_text(f"{version} {note}")
    data = manifest(version=version, from_versions=["1.2.0"])
    return packing.pack_and_sign(source, data, source.parent / f"p-{version}-{note}", keys("vendor"))


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_stages_into_a_slot_and_only_once(places: Places, signed_archive: Packed, allowed: Allowed) -> None:
    change = put(places, signed_archive, allowed)
    assert change.changed
    assert change.slot == "blue"
    assert places.slot("blue").resolve() == places.releases / "1.2.0"
    assert (places.slot("blue") / "bin/web").stat().st_mode & 0o777 == 0o555
    register = places.register()
    assert register.current is None
    assert (register.releases["1.2.0"].signer, register.slots) == ("vendor@vendor.example", {"blue": "1.2.0"})
    assert register.releases["1.2.0"].sha256 == signed_archive.sha256
    before = everything(places.root)
    assert not put(places, signed_archive, allowed).changed
    assert everything(places.root) == before


def test_activates_after_staging(places: Places, signed_archive: Packed, allowed: Allowed) -> None:
    put(places, signed_archive, allowed)
    assert activate(places, "1.2.0", check=True).changed
    assert places.register().current is None
    assert activate(places, "1.2.0").slot == "blue"
    assert not activate(places, "1.2.0").changed
    with pytest.raises(OpsError, match="in no slot"):
        activate(places, "3.0.0")


def test_the_next_version_goes_beside_the_current_one(
    places: Places, source: Path, keys: Keys, allowed: Allowed, signed_archive: Packed, manifest: Any
) -> None:
    put(places, signed_archive, allowed)
    activate(places, "1.2.0")
    assert put(places, newer(source, keys, manifest, "1.3.0"), allowed).slot == "green"
    assert places.slot("blue").resolve().name == "1.2.0"
    current = places.register().current
    assert current is not None
    assert current.version == "1.2.0"
    with pytest.raises(OpsError, match="can go to the other slot only"):
        put(places, newer(source, keys, manifest, "1.4.0"), allowed, slot="blue")


def test_a_version_never_changes(places: Places, source: Path, keys: Keys, allowed: Allowed, manifest: Any) -> None:
    put(places, newer(source, keys, manifest, "1.3.0"), allowed)
    before = everything(places.root)
    with pytest.raises(ReleaseError, match=r"from another archive.*release the new content as a new version"):
        put(places, newer(source, keys, manifest, "1.3.0", "changed"), allowed)
    assert everything(places.root) == before


def test_deploy_does_not_change_versions(places: Places, signed_archive: Packed, allowed: Allowed) -> None:
    refuse_other_version(places.register(), "1.3.0")
    put(places, signed_archive, allowed)
    refuse_other_version(places.register(), "1.3.0")
    activate(places, "1.2.0")
    refuse_other_version(places.register(), "1.2.0")
    with pytest.raises(ReleaseError, match=r"Version 1\.2\.0 is active.*use traumalink\.ops\.upgrade"):
        refuse_other_version(places.register(), "1.3.0")


def test_a_wrong_signature_is_refused_and_nothing_is_written(
    places: Places, signed_archive: Packed, allowed: Allowed
) -> None:
    with pytest.raises(SignatureError, match="allowed signers"):
        stage(places, signed_archive.archive, None, allowed("stranger"))
    assert not places.root.exists()
    assert not places.state_root.exists()


def test_nothing_is_read_from_an_archive_before_its_signature(
    places: Places, signed_archive: Packed, allowed: Allowed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_arguments: object, **_options: object) -> None:
        raise AssertionError("the archive was opened before its signature was verified")

    monkeypatch.setattr(release, "inspect", opened)
    monkeypatch.setattr(release, "lay_down", opened)
    with pytest.raises(SignatureError):
        stage(places, signed_archive.archive, None, allowed("stranger"))


def test_a_truncated_archive_is_told_from_a_forged_one(
    places: Places, signed_archive: Packed, allowed: Allowed
) -> None:
    whole = signed_archive.archive.read_bytes()
    signed_archive.archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArchiveError, match=r"is cut short.*Copy it again, and compare its size"):
        verified(signed_archive.archive, None, allowed("vendor"))
    with pytest.raises(ArchiveError, match="is cut short"):
        put(places, signed_archive, allowed)
    assert not places.root.exists()
    signed_archive.archive.write_bytes(whole[:100] + b"\0" + whole[101:])
    with pytest.raises(SignatureError, match="does not fit"):
        verified(signed_archive.archive, None, allowed("vendor"))


@pytest.mark.parametrize("missing", ["archive", "signature"])
def test_a_missing_file_is_named(signed_archive: Packed, allowed: Allowed, missing: str) -> None:
    path: Path = getattr(signed_archive, missing)
    path.unlink()
    with pytest.raises(ReleaseError, match=f"{path.name} cannot be read"):
        verified(signed_archive.archive, None, allowed("vendor"))


def test_a_release_of_another_application_is_refused(tmp_path: Path, signed_archive: Packed, allowed: Allowed) -> None:
    elsewhere = Places("other", tmp_path / "opt", tmp_path / "state", pwd.getpwuid(os.getuid()).pw_name)
    with pytest.raises(ReleaseError, match="a release of trauma, not of other"):
        put(elsewhere, signed_archive, allowed)


class Killed(BaseException):
    """The run ends here, with nothing cleaned up by it."""


@pytest.mark.parametrize("step", ["record", "point", "sync_directory"])
def test_a_killed_run_is_finished_by_the_next(
    places: Places, signed_archive: Packed, allowed: Allowed, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def kill(*_arguments: object, **_options: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        where: Any = {"record": Places, "point": release}.get(step, release_places)
        patch.setattr(where, step, kill)
        with pytest.raises(Killed):
            put(places, signed_archive, allowed)
    leftover = places.releases / ".unpacking-killed"
    leftover.mkdir()
    change = put(places, signed_archive, allowed)
    assert is_staged(places, planned(places.register(), "1.2.0", signed_archive.sha256, "", None), "1.2.0")
    assert places.slot(change.slot).resolve() == places.releases / "1.2.0"
    assert release_folder.is_whole(
        places.releases / "1.2.0", verified(signed_archive.archive, None, allowed("vendor")).manifest
    )


def test_a_lost_folder_or_link_is_laid_down_again(places: Places, signed_archive: Packed, allowed: Allowed) -> None:
    put(places, signed_archive, allowed)
    places.slot("blue").unlink()
    assert put(places, signed_archive, allowed).changed
    shutil.rmtree(places.releases / "1.2.0")
    assert put(places, signed_archive, allowed).changed
    assert (places.slot("blue") / "app/main.py").exists()


def test_a_folder_that_somebody_changed_is_laid_down_anew_unless_a_slot_uses_it(
    places: Places, signed_archive: Packed, allowed: Allowed
) -> None:
    put(places, signed_archive, allowed)
    assert is_laid_down(places, places.register(), "1.2.0")
    file = places.slot("blue") / "app/main.py"
    file.chmod(0o644)
    file.write_text("spoilt")
    assert not is_laid_down(places, places.register(), "1.2.0")
    places.slot("blue").unlink()
    put(places, signed_archive, allowed)
    assert file.read_text() == "print('hello')\n"
    (places.releases / "1.2.0/release.yml").chmod(0o644)
    (places.releases / "1.2.0/release.yml").write_text("{}")
    assert not is_laid_down(places, places.register(), "1.2.0")


AT = "2026-11-25T14:30:00Z"


@pytest.fixture
def upgraded(
    places: Places, source: Path, keys: Keys, allowed: Allowed, signed_archive: Packed, manifest: Any
) -> Places:
    """Give a host that went from 1.2.0 in blue to 1.3.0 in green."""
    put(places, signed_archive, allowed)
    activate(places, "1.2.0", at="2026-11-01T14:30:00Z")
    put(places, newer(source, keys, manifest, "1.3.0"), allowed)
    activate(places, "1.3.0", at=AT)
    return places


def test_the_documents_of_the_current_version_have_a_place_of_their_own(upgraded: Places) -> None:
    assert upgraded.documents.resolve() == upgraded.releases / "1.3.0"
    assert (upgraded.documents / "docs/update_notes.zh.md").read_text() == "第一个版本\n"
    upgraded.documents.unlink()
    assert activate(upgraded, "1.3.0", check=True).changed
    assert not upgraded.documents.is_symlink()
    assert activate(upgraded, "1.3.0").changed
    assert not activate(upgraded, "1.3.0").changed
    roll_back(upgraded, "1.2.0")
    assert upgraded.documents.resolve() == upgraded.releases / "1.2.0"


def test_says_what_stands_in_the_way_of_a_link(upgraded: Places) -> None:
    upgraded.documents.unlink()
    (upgraded.documents / "mine").mkdir(parents=True)
    with pytest.raises(
        ReleaseError, match=r"documents cannot become a link to releases/1\.3\.0.*move it away, and run again"
    ):
        activate(upgraded, "1.3.0")
    assert [path.name for path in upgraded.documents.parent.iterdir() if path.name.startswith(".")] == []


def test_goes_back_and_keeps_what_failed_from_being_tried_again(
    upgraded: Places, source: Path, keys: Keys, allowed: Allowed, manifest: Any
) -> None:
    assert roll_back(upgraded, "1.2.0", reason="unhealthy", check=True).changed
    assert upgraded.register().bad("1.3.0") == ""
    change = roll_back(upgraded, "1.2.0", at=AT, reason="unhealthy")
    assert (change.changed, change.slot) == (True, "blue")
    assert not roll_back(upgraded, "1.2.0", at="2027-01-01T00:00:00Z", reason="unhealthy").changed
    failed = newer(source, keys, manifest, "1.3.0")
    with pytest.raises(OpsError, match=r"1\.3\.0 was marked BAD on this host \(unhealthy\)"):
        put(upgraded, failed, allowed)
    assert put(upgraded, failed, allowed, retry_bad=True).changed
    assert upgraded.register().bad("1.3.0") == ""
    assert not put(upgraded, failed, allowed, retry_bad=True).changed


def test_a_killed_rollback_is_finished_by_the_next(upgraded: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(release, "point", kill)
        with pytest.raises(Killed):
            roll_back(upgraded, "1.2.0", reason="unhealthy")
    assert roll_back(upgraded, "1.2.0", reason="unhealthy").changed
    assert upgraded.documents.resolve().name == "1.2.0"
    assert upgraded.register().bad("1.3.0") == "unhealthy"


def test_marks_bad_and_final_once(upgraded: Places) -> None:
    assert mark_bad(upgraded, "1.4.0", "disk full", check=True).changed
    assert mark_bad(upgraded, "1.4.0", "disk full").changed
    assert not mark_bad(upgraded, "1.4.0", "again").changed
    assert finalize(upgraded, "1.3.0", check=True).changed
    assert upgraded.register().previous_good is not None
    assert finalize(upgraded, "1.3.0").changed
    assert not finalize(upgraded, "1.3.0").changed
    with pytest.raises(OpsError, match="Two ways are left"):
        roll_back(upgraded, "1.2.0")


def test_without_an_archive_only_what_was_staged_before_can_be_planned(upgraded: Places) -> None:
    assert planned(upgraded.register(), "1.2.0", None, "", None).slot == "blue"
    with pytest.raises(ReleaseError, match=r"1\.4\.0 was never staged on this host; give its archive"):
        planned(upgraded.register(), "1.4.0", None, "", None)
    bad = mark_bad(upgraded, "1.4.0", "disk full").after
    with pytest.raises(ReleaseError, match="was never staged"):
        planned(bad, "1.4.0", None, "", None, retry_bad=True)
    assert planned(bad, "1.4.0", "4" * 64, "vendor", None, retry_bad=True).after.releases["1.4.0"].sha256 == "4" * 64
