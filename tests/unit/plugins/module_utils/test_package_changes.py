"""Packages brought to a plan's versions, and back: what is written down first, what is taken back, what stays. Scenario patch does it with real packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import package_changes
from ansible_collections.traumalink.ops.plugins.module_utils.apt_get import AptGet
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.package_changes import (
    Outcome,
    apply,
    fetch,
    see_room,
    undo,
)
from ansible_collections.traumalink.ops.plugins.module_utils.package_journal import Change, PackageError, read_journal


class Host:
    """dpkg and apt of a host with a few packages; apt installs what it is asked for, unless it `lies`."""

    def __init__(self, **versions: str) -> None:
        self.versions = versions
        self.marks = {"showhold": [], "showauto": []}
        self.asked: list[list[str]] = []
        self.lies = False

    def __call__(self, argv: Sequence[str], **_options: Any) -> Completed:
        words = list(argv)
        out = ""
        if words[0] == "dpkg-query":
            out = "".join(f"{name}\t{name}:amd64\t{version}\tinstalled\n" for name, version in self.versions.items())
        elif words[0] == "apt-mark":
            out = "\n".join(self.marks.get(words[1], []))
            self.asked.append(words)
        elif "install" in words:
            targets = words[words.index("install") + 1 :]
            self.asked.append(targets)
            for target in [] if self.lies else targets:
                self._take(target)
        return Completed(tuple(argv), 0, out, "")

    def _take(self, target: str) -> None:
        if target.endswith("-"):
            self.versions.pop(target[:-1])
        elif target.endswith(".deb"):
            name, version, _arch = Path(target).name.split("_")
            self.versions[name] = version
        else:
            name, _, version = target.partition("=")
            self.versions[name] = version


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder in which journal, store and apt's archives lie."""
    (tmp_path / "store").mkdir()
    (tmp_path / "archives").mkdir()
    monkeypatch.setattr(package_changes, "ARCHIVES", tmp_path / "archives")
    return tmp_path


LIB, NEW, KERNEL = (
    Change("lib", "amd64", "1", "2"),
    Change("new", "amd64", "", "1"),
    Change("linux", "amd64", "5", "6", "kernel"),
)


def patched(host: Host, places: Path, *changes: Change, run_id: str = "r1", check: bool = False) -> Outcome:
    """Apply changes; return the outcome."""
    outcome = Outcome()
    apply(changes, run_id, AptGet(host), outcome, check=check, journal=places / "applied.json")
    return outcome


def taken_back(host: Host, places: Path, check: bool = False) -> Outcome:
    """Undo the last changes; return the outcome."""
    outcome = Outcome()
    undo(AptGet(host), outcome, check=check, journal=places / "applied.json", store=places / "store")
    return outcome


def test_what_was_there_is_written_down_before_apt_begins_and_a_second_run_changes_nothing(places: Path) -> None:
    host = Host(lib="1")
    assert patched(host, places, LIB).changed == {"lib": {"before": "1", "after": "2"}}
    assert read_journal(places / "applied.json") == {"run_id": "r1", "open": True, "changes": [LIB]}
    assert patched(host, places, LIB).steps == []
    assert host.versions == {"lib": "2"}


def test_check_mode_only_says_it(places: Path) -> None:
    host = Host(lib="1")
    assert patched(host, places, LIB, check=True).steps == ["install 1 packages"]
    assert host.asked == []
    assert not (places / "applied.json").exists()


def test_apts_exit_status_is_no_proof(places: Path) -> None:
    host = Host(lib="1")
    host.lies = True
    with pytest.raises(PackageError, match="apt ended well, but lib is 1 instead of 2"):
        patched(host, places, LIB)


def test_holds_and_automatic_marks_are_put_back(places: Path) -> None:
    host = Host(lib="1")
    host.marks = {"showhold": ["lib"], "showauto": ["lib"]}
    patched(host, places, LIB)
    assert host.asked[-2:] == [["apt-mark", "hold", "lib"], ["apt-mark", "auto", "lib"]]


def test_the_versions_before_come_back_and_what_was_new_goes(places: Path) -> None:
    host = Host(lib="1")
    patched(host, places, LIB, NEW)
    (places / "store" / "lib_1_amd64.deb").touch()
    outcome = taken_back(host, places)
    assert host.versions == {"lib": "1"}
    assert outcome.stay == {}
    assert not read_journal(places / "applied.json")["open"]
    assert taken_back(host, places).steps == []


def test_what_cannot_be_taken_back_stays_with_what_it_needed_and_says_why(places: Path) -> None:
    host = Host(lib="1", linux="5")
    patched(host, places, LIB, NEW, KERNEL)
    (places / "store" / "lib_1_amd64.deb").touch()
    assert taken_back(host, places).stay == {"linux": "kernel"}
    assert host.versions == {"lib": "1", "linux": "6", "new": "1"}


def test_without_the_old_package_it_stays(places: Path) -> None:
    host = Host(lib="1")
    patched(host, places, LIB)
    assert taken_back(host, places).stay == {"lib": "no_old_package"}
    assert host.versions == {"lib": "2"}


def test_what_somebody_else_has_changed_since_is_theirs(places: Path) -> None:
    host = Host(lib="1")
    patched(host, places, LIB)
    host.versions["lib"] = "3"
    (places / "store" / "lib_1_amd64.deb").touch()
    assert taken_back(host, places).stay == {"lib": "changed_since"}
    assert host.versions == {"lib": "3"}


def test_old_packages_are_laid_aside_and_one_that_is_gone_is_named(places: Path) -> None:
    class Gone(Host):
        def __call__(self, argv: Sequence[str], **options: Any) -> Completed:
            if "download" in argv and "other=1" in argv:
                return Completed(
                    tuple(argv), 100, "", "E: Can't find a source to download version '1' of 'other:amd64'"
                )
            return super().__call__(argv, **options)

    (places / "archives" / "lib_1_amd64.deb").write_bytes(b"old")
    outcome = Outcome()
    changes = [LIB, Change("other", "amd64", "1", "2"), KERNEL, NEW]
    fetch(changes, AptGet(Gone(lib="1")), outcome, check=False, store=places / "store")
    assert (places / "store" / "lib_1_amd64.deb").read_bytes() == b"old"
    assert outcome.no_old_package == ["other"]


def test_no_room_is_refused_before_anything_is_unpacked() -> None:
    see_room(10, 10)
    with pytest.raises(
        PackageError, match=r"1 MiB are free for packages where 3 MiB may be needed; make room .*Nothing was changed"
    ):
        see_room(3 * 2**20, 2**20)
