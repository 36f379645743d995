"""Cleaning up after releases: what lives, what runs and where a rollback goes stays; a run that is killed is finished by the next."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import release_folder, release_retirement
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.release_places import Places, point, target_of
from ansible_collections.traumalink.ops.plugins.module_utils.release_retirement import retire
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register, Staged


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Give a host: 1.3.0 in green after 1.2.0 in blue, and the folders of 1.0.0 and 1.1.0."""
    host = Places("trauma", tmp_path / "opt", tmp_path / "state", pwd.getpwuid(os.getuid()).pw_name)
    register = Register()
    for version, slot in (("1.0.0", "blue"), ("1.1.0", "green"), ("1.2.0", "blue"), ("1.3.0", "green")):
        register = register.staged(version, Staged(version * 10, "vendor"), slot).activated(version)
        lay(host, version, slot)
    host.record(register)
    return host


def lay(host: Places, version: str, slot: str) -> None:
    folder = host.folder(version)
    (folder / "app").mkdir(parents=True)
    (folder / "app/main.py").write_text(version)
    (folder / "app").chmod(0o555)
    point(host.slot(slot), target_of(version))


@pytest.fixture
def idle(runner: Any) -> Any:
    """Give a runner of a host on which nothing runs."""
    return runner.on("systemctl", "list-units")


def there(host: Places) -> list[str]:
    return sorted(path.name for path in host.releases.iterdir())


def failed(host: Places) -> None:
    """Let 1.4.0 have come into blue, and be BAD."""
    lay(host, "1.4.0", "blue")
    host.record(host.register().staged("1.4.0", Staged("4", "vendor"), "blue").marked_bad("1.4.0", "unhealthy"))


def test_two_stay_and_then_fewer(places: Places, idle: Any) -> None:
    assert not retire(places, idle).changed
    told = retire(places, idle, keep=1, check=True)
    assert (told.changed, told.versions) == (True, ("1.0.0",))
    assert there(places) == ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]
    assert retire(places, idle, keep=1).versions == ("1.0.0",)
    assert retire(places, idle, keep=0).versions == ("1.1.0",)
    assert there(places) == ["1.2.0", "1.3.0"]
    assert not retire(places, idle, keep=0).changed
    assert places.register().releases["1.0.0"] == Staged("1.0.0" * 10, "vendor", retired=True)


def test_directory_times_say_nothing(places: Places, idle: Any) -> None:
    os.utime(places.folder("1.0.0"), (2**31, 2**31))
    os.utime(places.folder("1.1.0"), (0, 0))
    assert retire(places, idle, keep=1).versions == ("1.0.0",)


def test_a_failed_version_goes_and_frees_its_slot(places: Places, idle: Any) -> None:
    failed(places)
    done = retire(places, idle)
    assert done.versions == ("1.4.0",)
    assert not places.slot("blue").is_symlink()
    assert (done.after.slots, places.register().bad("1.4.0")) == ({"green": "1.3.0"}, "unhealthy")
    assert places.slot("green").resolve() == places.folder("1.3.0")


def test_what_runs_stays(places: Places, runner: Any) -> None:
    failed(places)
    runner.on("systemctl", "list-units").on(
        "trauma-*@blue.service", out="trauma-web@blue.service loaded active running\n"
    )
    assert not retire(places, runner).changed
    with pytest.raises(OpsError, match=r"1\.4\.0 runs in slot blue of this host; stop it first"):
        retire(places, runner, version="1.4.0")
    assert "1.4.0" in there(places)


def test_one_version_is_removed_when_it_is_named(places: Places, idle: Any) -> None:
    assert retire(places, idle, version="1.1.0").versions == ("1.1.0",)
    for version in ("1.2.0", "1.3.0"):
        with pytest.raises(OpsError, match="current or the previous good version"):
            retire(places, idle, version=version)
    assert there(places) == ["1.0.0", "1.2.0", "1.3.0"]


def test_a_folder_that_a_slot_uses_stays_whatever_the_register_says(places: Places, idle: Any) -> None:
    point(places.slot("green"), target_of("1.0.0"))
    retire(places, idle, keep=0)
    assert there(places) == ["1.0.0", "1.2.0", "1.3.0"]


def test_what_the_register_does_not_know_is_not_touched(places: Places, idle: Any) -> None:
    (places.releases / "9.9.9").mkdir()
    (places.releases / "mine").mkdir()
    retire(places, idle, keep=0)
    assert there(places) == ["1.2.0", "1.3.0", "9.9.9", "mine"]


def test_a_systemd_that_does_not_answer_keeps_everything(places: Places, runner: Any) -> None:
    runner.on("systemctl", status=1, err="Failed to connect to bus")
    with pytest.raises(OpsError, match="Failed to connect to bus"):
        retire(places, runner, keep=0)
    assert len(there(places)) == 4


class Killed(BaseException):
    """The run ends here, with nothing cleaned up by it."""


@pytest.mark.parametrize(
    ("where", "step"),
    [(release_retirement, "unlink"), (Places, "record"), (release_retirement, "remove"), (release_folder, "_remove")],
)
def test_a_killed_run_is_finished_by_the_next(
    places: Places, idle: Any, monkeypatch: pytest.MonkeyPatch, where: Any, step: str
) -> None:
    def kill(*_arguments: object) -> None:
        raise Killed

    failed(places)
    with monkeypatch.context() as patch:
        patch.setattr(where, step, kill)
        with pytest.raises(Killed):
            retire(places, idle, keep=0)
    # Half a release is never found under its name.
    assert all((path / "app/main.py").exists() for path in places.releases.iterdir())
    assert retire(places, idle, keep=0).changed
    assert there(places) == ["1.2.0", "1.3.0"]
    assert not places.slot("blue").is_symlink()
    assert not retire(places, idle, keep=0).changed
