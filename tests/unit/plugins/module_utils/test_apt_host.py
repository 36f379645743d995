"""What apt knows on a host: real apt on a small system of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.apt_host import deb_name, is_server
from apt_system import AptSystem, Deb


@pytest.fixture
def system(tmp_path: Path) -> AptSystem:
    """Give a system with a security update, one of the point release, and one that needs another package."""
    system = AptSystem(tmp_path)
    for deb in (Deb("lib", "1-1"), Deb("tool", "1-1", "lib (= 1-1)", "lib"), Deb("editor", "1"), Deb("web", "1")):
        system.has(deb)
    system.mirror("Debian", "bookworm", Deb("lib", "1-1"), Deb("editor", "2"), Deb("web", "3"), Deb("needed", "1"))
    system.mirror(
        "Debian-Security", "bookworm-security",
        Deb("lib", "1-2"), Deb("tool", "1-2", "lib (= 1-2), needed", "lib"), Deb("web", "2"),
    )  # fmt: skip
    system.refresh()
    return system


def names(updates: list[dict[str, Any]]) -> list[str]:
    """Return the packages' names."""
    return [update["name"] for update in updates]


def test_security_updates_come_with_what_they_need_and_others_wait(system: AptSystem) -> None:
    told = system.pending()
    assert [(each["name"], each["installed"], each["candidate"], each["security"]) for each in told["updates"]] == [
        ("lib", "1-1", "1-2", True),
        ("needed", "", "1", False),
        ("tool", "1-1", "1-2", True),
        ("web", "1", "3", True),  # a later point release holds the security fix that it passes over
    ]
    assert names(told["other"]) == ["editor"]
    assert told["security_source"]


def test_everything_comes_where_everything_is_asked_for(system: AptSystem) -> None:
    assert names(system.pending("all")["updates"]) == ["editor", "lib", "needed", "tool", "web"]


def test_origin_and_source_are_told(system: AptSystem) -> None:
    tool = next(each for each in system.pending()["updates"] if each["name"] == "tool")
    assert tool["origins"] == [{"label": "Debian-Security", "codename": "bookworm-security", "mirror": ""}]
    assert (tool["source"], tool["installed_source"], tool["candidate_source"]) == ("lib", "1-1", "1-2")


def test_the_old_package_can_be_had_from_the_mirror_or_where_it_lies(system: AptSystem) -> None:
    old = {each["name"]: each["old_package"] for each in system.pending()["updates"]}
    assert old == {"lib": True, "needed": False, "tool": False, "web": False}
    old = {each["name"]: each["old_package"] for each in system.pending(lying_there="web_1_all.deb")["updates"]}
    assert old["web"]


def test_a_foreign_hold_is_kept_with_what_depends_on_it_and_keeps_no_other_update(system: AptSystem) -> None:
    system.has(Deb("lib", "1-1"), wish="hold")
    told = system.pending()
    assert names(told["updates"]) == ["web"]
    assert names(told["held"]) == ["lib"]
    assert names(told["kept_back"]) == ["tool"]


def test_a_hold_on_the_sites_own_programs_does_not_keep_them(tmp_path: Path) -> None:
    system = AptSystem(tmp_path)
    system.has(Deb("haproxy", "2.6-1"), wish="hold")
    system.mirror("Debian-Security", "bookworm-security", Deb("haproxy", "2.6-2"))
    system.refresh()
    (update,) = system.pending()["updates"]
    assert update["held"]


def test_the_database_host_has_a_step_of_its_own(tmp_path: Path) -> None:
    system = AptSystem(tmp_path)
    for name in ("postgresql-15", "libpq5"):
        system.has(Deb(name, "15.1-1", source="postgresql-15"))
    system.mirror(
        "Debian-Security",
        "bookworm-security",
        *(Deb(name, "15.2-1", source="postgresql-15") for name in ("postgresql-15", "libpq5")),
    )
    system.refresh()
    updates = system.pending(clusters="clusters")["updates"]
    assert {each["name"]: (each["step"], each["way_back"]) for each in updates} == {
        "libpq5": ("postgresql", "postgresql"),
        "postgresql-15": ("postgresql", "postgresql"),
    }
    # As on ops, which has the programs for drills: nothing serves there.
    assert {(each["step"], each["way_back"]) for each in system.pending()["updates"]} == {("system", "")}


def test_nothing_is_removed_for_an_update(tmp_path: Path) -> None:
    system = AptSystem(tmp_path)
    system.has(Deb("lib", "1"))
    system.has(Deb("old-user", "1", "lib (= 1)"))
    system.mirror("Debian-Security", "bookworm-security", Deb("lib", "2"))
    system.refresh()
    told = system.pending()
    assert told["updates"] == []
    assert names(told["kept_back"]) == ["lib"]


def test_a_mirror_without_the_security_archive_is_told(tmp_path: Path) -> None:
    system = AptSystem(tmp_path)
    system.has(Deb("lib", "1"))
    system.mirror("Debian", "bookworm", Deb("lib", "2"))
    system.refresh()
    told = system.pending()
    assert not told["security_source"]
    assert told["updates"] == []
    assert names(told["other"]) == ["lib"]


@pytest.mark.parametrize(
    ("version", "name"),
    [("1:2.38~rc1+b1", "x_1%3a2.38~rc1+b1_amd64.deb"), ("3.0.22-1~deb12u2", "x_3.0.22-1~deb12u2_amd64.deb")],
)
def test_a_file_is_named_as_apt_names_it(version: str, name: str) -> None:
    assert deb_name("x", version, "amd64") == name


def test_only_the_server_itself_makes_a_database_host() -> None:
    assert [
        name for name in ("postgresql-15", "postgresql-common", "postgresql-client-15", "postgresql") if is_server(name)
    ] == ["postgresql-15"]
