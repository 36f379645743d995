"""A systemd unit that runs with its files as they are now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.service import Service, ServiceError, ensure

UNIT = "pgbackrest.service"


class Systemd:
    """One unit as systemd keeps it; each start is a new invocation."""

    def __init__(self, load: str = "loaded", active: str = "active", file: str = "enabled") -> None:
        self.state = {"LoadState": load, "ActiveState": active, "UnitFileState": file, "InvocationID": "1"}
        self.verbs: list[str] = []
        self.fails_on: str | None = None
        self.dies = False

    def __call__(self, argv: Any, **_options: Any) -> Completed:
        if argv[0] == "journalctl":
            assert UNIT in argv
            return Completed(tuple(argv), 0, "bind: address in use\n", "")
        verb = argv[1]
        if verb == "show":
            assert argv[-1] == UNIT
            lines = "".join(f"{name}={value}\n" for name, value in self.state.items())
            return Completed(tuple(argv), 0, lines + "\n", "")
        self.verbs.append(verb)
        if verb == self.fails_on:
            return Completed(tuple(argv), 1, "", "Job failed\n")
        if verb == "enable":
            self.state["UnitFileState"] = "enabled"
        if verb in ("start", "restart"):
            self.state["InvocationID"] = str(int(self.state["InvocationID"]) + 1)
            self.state["ActiveState"] = "failed" if self.dies else "active"
        return Completed(tuple(argv), 0, "", "")

    @property
    def acted(self) -> list[str]:
        """What was done to the unit."""
        return [verb for verb in self.verbs if verb != "daemon-reload"]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """Give a service with one file of its own, and its stamps beside it."""
    (tmp_path / "a.conf").write_text("one")
    return Service(UNIT, [tmp_path / "a.conf"], stamps=tmp_path / "run", settle_seconds=0)


def settled(service: Service) -> Systemd:
    """Return a systemd on which the unit runs with its files as they are."""
    systemd = Systemd()
    ensure(service, systemd)
    systemd.verbs.clear()
    return systemd


@pytest.mark.parametrize(
    ("active", "file", "steps"),
    [
        ("inactive", "disabled", ["enable", "start"]),
        ("failed", "enabled", ["start"]),
        ("inactive", "static", ["start"]),
        ("inactive", "generated", ["start"]),
        ("active", "disabled", ["enable", "restart"]),
        ("active", "enabled", ["restart"]),
    ],
)
def test_enables_and_starts_what_is_not_and_restarts_what_nobody_vouches_for(
    service: Service, active: str, file: str, steps: list[str]
) -> None:
    systemd = Systemd(active=active, file=file)
    assert ensure(service, systemd) == steps
    assert systemd.acted == steps


def test_second_time_does_nothing(service: Service) -> None:
    systemd = settled(service)
    assert ensure(service, systemd) == []
    assert systemd.verbs == ["daemon-reload"]


def test_reads_unit_files_anew_before_it_looks(service: Service) -> None:
    systemd = Systemd(active="inactive")
    ensure(service, systemd)
    assert systemd.verbs == ["daemon-reload", "start"]


@pytest.mark.parametrize("on_change", ["restart", "reload"])
@pytest.mark.parametrize("change", ["content", "removed"])
def test_a_changed_file_is_read_again_once(tmp_path: Path, on_change: str, change: str) -> None:
    file = tmp_path / "a.conf"
    file.write_text("one")
    service = Service(UNIT, [file], on_change, tmp_path / "run", settle_seconds=0)
    systemd = settled(service)
    if change == "content":
        file.write_text("two")
    else:
        file.unlink()
    assert ensure(service, systemd) == [on_change]
    assert ensure(service, systemd) == []


def test_a_run_killed_between_writing_and_restarting_is_made_good(service: Service) -> None:
    systemd = settled(service)
    service.files[0].write_text("two")
    systemd.fails_on = "restart"
    with pytest.raises(ServiceError):
        ensure(service, systemd)
    systemd.fails_on = None
    # Nobody writes the file this time: the stamp alone tells that it was never read.
    assert ensure(service, systemd) == ["restart"]


def test_a_unit_somebody_else_restarted_is_not_trusted_to_have_read_the_same(service: Service) -> None:
    systemd = settled(service)
    systemd.state["InvocationID"] = "77"
    assert ensure(service, systemd) == ["restart"]
    assert ensure(service, systemd) == []


def test_enabling_alone_does_not_restart(service: Service) -> None:
    systemd = settled(service)
    systemd.state["UnitFileState"] = "disabled"
    assert ensure(service, systemd) == ["enable"]
    assert ensure(service, systemd) == []


def test_a_unit_that_reloads_just_now_is_running(service: Service) -> None:
    systemd = settled(service)
    systemd.state["ActiveState"] = "reloading"
    assert ensure(service, systemd) == []


@pytest.mark.parametrize(
    ("load", "active", "file", "steps"),
    [
        ("not-found", "inactive", "", ["enable", "start"]),
        ("loaded", "inactive", "disabled", ["enable", "start"]),
        ("loaded", "active", "enabled", ["restart"]),
    ],
)
def test_check_mode_tells_and_does_nothing(
    service: Service, load: str, active: str, file: str, steps: list[str]
) -> None:
    systemd = Systemd(load, active, file)
    assert ensure(service, systemd, check=True) == steps
    assert systemd.verbs == []
    assert not service.stamps.exists()


def test_names_a_unit_that_is_not_installed(service: Service) -> None:
    with pytest.raises(ServiceError, match=r"^pgbackrest\.service does not exist on this host; install it first$"):
        ensure(service, Systemd(load="not-found"))


def test_a_failing_step_names_verb_reason_and_where_to_look(service: Service) -> None:
    systemd = Systemd(active="inactive")
    systemd.fails_on = "start"
    with pytest.raises(
        ServiceError, match=r"systemctl start pgbackrest\.service failed: Job failed; look at journalctl -u"
    ):
        ensure(service, systemd)
    assert not service.stamp.exists()


def test_a_unit_that_dies_after_its_start_is_an_error_with_its_last_words(service: Service) -> None:
    systemd = Systemd(active="inactive")
    systemd.dies = True
    with pytest.raises(ServiceError, match=r"pgbackrest\.service is failed after its start: bind: address in use"):
        ensure(service, systemd)
    assert not service.stamp.exists()


def test_a_unit_that_dies_a_moment_after_its_start_does_not_count_as_running(tmp_path: Path) -> None:
    service = Service(UNIT, [], stamps=tmp_path / "run", settle_seconds=3)
    systemd, slept = Systemd(active="inactive"), []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        systemd.state["ActiveState"] = "failed"

    with pytest.raises(ServiceError, match="is failed after its start"):
        ensure(service, systemd, sleep=sleep)
    assert slept == [3]
    assert not service.stamp.exists()


def test_says_that_systemd_cannot_be_asked(service: Service, runner: Any) -> None:
    runner.on("show", err="no bus", status=1).on("daemon-reload")
    with pytest.raises(OpsError, match=r"asking systemd for pgbackrest\.service failed: systemctl ended with status 1"):
        ensure(service, runner)


@pytest.mark.parametrize(
    ("started_after_seconds", "steps"),
    [(10, []), (-10, ["restart"])],
    ids=["after the last change", "before the last change"],
)
def test_a_unit_that_a_reboot_or_somebody_else_started_is_judged_by_the_time_of_its_start(
    service: Service, started_after_seconds: int, steps: list[str]
) -> None:
    changed = int(service.files[0].stat().st_mtime)
    systemd = settled(service)
    systemd.state |= {"InvocationID": "99", "ActiveEnterTimestamp": f"@{changed + started_after_seconds}"}
    assert ensure(service, systemd) == steps


def test_a_change_within_the_running_invocation_counts_whatever_its_time(service: Service) -> None:
    systemd = settled(service)
    systemd.state["ActiveEnterTimestamp"] = f"@{int(service.files[0].stat().st_mtime) + 10}"
    service.files[0].write_text("two")
    assert ensure(service, systemd) == ["restart"]
