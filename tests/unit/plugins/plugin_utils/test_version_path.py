"""The way between versions: which upgrade and which rollback may go it, and what to do where none may."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register, Staged
from ansible_collections.traumalink.ops.plugins.plugin_utils.version_path import rollback_path, upgrade_path

NEW = "f" * 64


def host(*versions: str, bad: str = "", other: str = "", final: bool = False, retired: str = "") -> dict[str, Any]:
    """Return the register of a host that ran these versions, one after another; `other` came from another archive."""
    register = Register()
    for number, version in enumerate(versions):
        register = register.staged(version, Staged(version * 10, "vendor"), ("blue", "green")[number % 2]).activated(
            version
        )
    if bad:
        register = register.marked_bad(bad, "triage unhealthy")
    if other:
        register = register.staged(other, Staged("a" * 64, "vendor"), "blue" if len(versions) % 2 == 0 else "green")
    if final:
        register = register.finalized(versions[-1])
    data = asdict(register)
    if retired:
        data["releases"][retired]["retired"] = True
    return data


def judged(*hosts: dict[str, Any], to: str = "1.1.0", comes_from: str = "1.0.0", **options: Any) -> tuple[bool, str]:
    registers = {f"app{number}": register for number, register in enumerate(hosts, 1)}
    manifest = {"name": "trauma", "version": to, "from_versions": comes_from.split()}
    found = upgrade_path(registers, manifest, NEW, **options)
    assert found.to == to
    return found.changes, " ".join((*found.problems, *found.unsettled))


@pytest.mark.parametrize(
    "hosts",
    [
        [host("1.0.0")],
        [host("1.0.0"), host("1.0.0")],
        [host("0.9.0", "1.0.0"), host("1.0.0")],
        [host("1.0.0", bad="1.2.0")],
    ],
)
def test_a_version_that_it_may_come_from(hosts: list[dict[str, Any]]) -> None:
    assert judged(*hosts) == (True, "")


@pytest.mark.parametrize(
    ("hosts", "release", "said"),
    [
        ([host(), host()], {}, "No version of trauma is active on app1 and app2: the first one comes by traumalink.ops.deploy."),
        ([host("1.0.0"), host()], {}, "app2 has no active version of trauma. Bring 1.0.0 there first, which the others run: traumalink.ops.deploy with its archive."),
        ([host("1.0.0"), host("0.9.0")], {}, "The app hosts run different versions (app1 1.0.0, app2 0.9.0): an upgrade or a rollback was cut off. "
         "Look at traumalink.ops.version_register, and ask the vendor which version is right."),
        ([host("1.0.0", "1.1.0"), host("1.0.0")], {"to": "1.2.0"}, "The app hosts run different versions (app1 1.1.0, app2 1.0.0): an upgrade or a rollback "
         "was cut off. Run traumalink.ops.rollback first, which brings all to 1.0.0."),
        ([host("1.0.0")], {"to": "2.0.0", "comes_from": "1.1.0"}, "2.0.0 comes from 1.1.0 only (from_versions of its manifest), and 1.0.0 runs. Upgrade to 1.1.0 first."),
        ([host("1.0.0")], {"to": "2.0.0", "comes_from": "1.10.0 1.9.0 0.8.0"}, "2.0.0 comes from 0.8.0, 1.9.0 or 1.10.0 only (from_versions of its manifest), "
         "and 1.0.0 runs. Upgrade to 1.9.0 or 1.10.0 first."),
        ([host("1.0.0")], {"comes_from": "0.9.0"}, "1.1.0 comes from 0.9.0 only (from_versions of its manifest), and 1.0.0 runs. "
         "Ask the vendor for a release that comes from 1.0.0."),
        ([host("1.0.0")], {"comes_from": ""}, "1.1.0 comes from no version (from_versions of its manifest is empty), and 1.0.0 runs: it is for new sites. "
         "Ask the vendor for a release that comes from 1.0.0."),
        ([host("1.1.0", "1.10.0")], {"to": "1.9.0", "comes_from": "1.8.0"}, "1.10.0 runs, and 1.9.0 is older: an upgrade never goes back. "
         "traumalink.ops.rollback goes back to 1.1.0, the previous good version."),
        ([host("1.2.0")], {}, "1.2.0 runs, and 1.1.0 is older: an upgrade never goes back. traumalink.ops.rollback goes back one version, where there is one."),
        ([host("1.0.0", bad="1.1.0"), host("1.0.0")], {}, "1.1.0 was marked BAD (on app1: triage unhealthy) and is not tried again. Have the vendor "
         "release a new version, or, once the cause is gone, say that it is to be tried again: -e upgrade_retry_bad=true."),
        ([host("1.0.0"), host("1.0.0", other="1.1.0")], {}, "Version 1.1.0 came to app2 from another archive (SHA-256 aaaaaaaaaaaa…, this one is ffffffffffff…). "
         "A version never changes: have the vendor release the new content as a new version."),
    ],
)  # fmt: skip
def test_refuses_and_says_what_to_do(hosts: list[dict[str, Any]], release: dict[str, str], said: str) -> None:
    assert judged(*hosts, **release) == (True, said)


def test_a_bad_version_is_tried_again_when_a_person_says_so() -> None:
    assert judged(host("1.0.0", bad="1.1.0"), retry_bad=True) == (True, "")


def same_archive(register: dict[str, Any]) -> dict[str, Any]:
    register["releases"]["1.1.0"]["sha256"] = NEW
    return register


def test_the_version_that_runs_already_is_nothing_to_do() -> None:
    running = same_archive(host("1.0.0", "1.1.0"))
    assert judged(running, running) == (False, "")
    assert judged(running, same_archive(host("1.1.0", bad="1.1.0"))) == (False, "")
    changes, said = judged(running, host("1.0.0", "1.1.0"))
    assert changes is False
    assert "came to app2 from another archive" in said


def test_all_problems_are_told_at_once() -> None:
    _changes, said = judged(host("1.0.0", bad="1.1.0"), host("1.0.0", other="1.1.0"), host())
    assert all(words in said for words in ("another archive", "BAD", "no active version"))


def back(*hosts: dict[str, Any]) -> tuple[str, str]:
    found = rollback_path({f"app{number}": register for number, register in enumerate(hosts, 1)})
    assert found.changes is bool(found.to)
    return found.to, " ".join((*found.problems, *found.unsettled))


@pytest.mark.parametrize(
    ("hosts", "to"),
    [
        ([host("1.0.0", "1.1.0")], "1.0.0"),
        ([host("1.0.0", "1.1.0"), host("1.0.0", "1.1.0")], "1.0.0"),
        # Cut off between two hosts, on the way there or on the way back.
        ([host("1.0.0", "1.1.0"), host("0.9.0", "1.0.0")], "1.0.0"),
        ([host("1.0.0"), host("1.0.0", "1.1.0")], "1.0.0"),
    ],
)
def test_goes_back_with_no_version_to_name(hosts: list[dict[str, Any]], to: str) -> None:
    assert back(*hosts) == (to, "")


@pytest.mark.parametrize(
    ("hosts", "to", "said"),
    [
        ([host("1.0.0")], "", "There is no version that all app hosts could go back to (app1 from 1.0.0 to nothing). Two ways are left"),
        ([host("1.0.0", "1.1.0"), host()], "", "(app1 from 1.1.0 to 1.0.0, app2 from nothing to nothing)"),
        ([host("1.0.0", "1.1.0", bad="1.0.0")], "", "(app1 from 1.1.0 to nothing)"),
        ([], "", "There is no version"),
        (
            [host("1.0.0", "1.1.0", final=True), host("1.0.0", "1.1.0", final=True)], "",
            "From 1.1.0 there is no way back: its migrations took away what the version before needs. Two ways are left: a new release that mends what is "
            "wrong (traumalink.ops.upgrade), or the database as it was at an earlier time, with the loss of all that was written since (traumalink.ops.restore).",
        ),
        ([host("1.0.0", "1.1.0", retired="1.0.0")], "1.0.0", "The folder of 1.0.0 is gone on app1; stage it there from its archive first."),
    ],
)  # fmt: skip
def test_says_which_ways_are_left(hosts: list[dict[str, Any]], to: str, said: str) -> None:
    found, problems = back(*hosts)
    assert found == to
    assert said in problems


def test_a_version_after_a_final_one_can_go_back_to_it() -> None:
    register = host("1.0.0", "1.1.0", final=True)
    later = Register(
        releases={version: Staged(**entry) for version, entry in register["releases"].items()}, slots=register["slots"],
    )  # fmt: skip
    later = (
        later.activated("1.1.0").finalized("1.1.0").staged("1.2.0", Staged("2", "vendor"), "blue").activated("1.2.0")
    )
    assert back(asdict(later)) == ("1.1.0", "")


def test_final_on_one_host_alone_bars_the_way_for_all() -> None:
    assert back(host("1.0.0", "1.1.0", final=True), host("1.0.0", "1.1.0"))[0] == ""
