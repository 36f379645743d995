"""The old database of a site stands still, and its data stays as it is."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import cluster_retirement
from ansible_collections.traumalink.ops.plugins.module_utils.cluster_retirement import (
    RetirementError,
    retire,
    retired_for,
    revive,
    successor,
)
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError

DATA = "postgres /var/lib/postgresql/15/main /var/log/postgresql/postgresql-15-main.log\n"
ONLINE, DOWN = f"15 main 5432 online {DATA}", f"15 main 5432 down {DATA}"
STOP = ["systemctl", "stop", "postgresql@15-main.service"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a host with the site's cluster, and one that somebody else runs there."""
    monkeypatch.setattr(cluster_retirement, "SYSTEM_USER", pwd.getpwuid(os.geteuid()).pw_name)
    for version, name in (("15", "main"), ("13", "main"), ("15", "archive")):
        (tmp_path / version / name / "conf.d").mkdir(parents=True)
        (tmp_path / version / name / "start.conf").write_text("auto\n")
    (tmp_path / "15/main/conf.d/50-traumalink.conf").write_text("archive_mode = 'on'\n")
    return tmp_path


def serving(runner: Any) -> Any:
    """Give a host on which the server runs until it is stopped."""
    return runner.on("pg_lsclusters", out=ONLINE).on("stop", then=lambda: runner.on("pg_lsclusters", out=DOWN))


def test_it_is_kept_from_starting_and_then_stopped(runner: Any, root: Path) -> None:
    assert retire(serving(runner), "db2", root=root) == [
        "keep 15/main from starting with its host",
        "stop 15/main",
    ]
    assert (root / "15/main/start.conf").read_text().splitlines()[1:] == ["disabled"]
    assert successor(root / "15/main") == "db2"
    assert retired_for(root) == "db2"
    assert runner.asked("stop") == [STOP]
    for other in ("13/main", "15/archive"):
        assert (root / other / "start.conf").read_text() == "auto\n", "what else the host runs is none of our business"


def test_a_second_time_there_is_nothing_to_do(runner: Any, root: Path) -> None:
    retire(serving(runner), "db2", root=root)
    assert retire(runner, "db2", root=root) == []
    assert len(runner.asked("stop")) == 1


def test_one_that_somebody_has_started_again_is_stopped_again(runner: Any, root: Path) -> None:
    retire(serving(runner), "db2", root=root)
    assert retire(serving(runner), "db2", root=root) == ["stop 15/main"]


def test_the_file_comes_first_so_that_a_host_that_dies_meanwhile_comes_back_without_it(runner: Any, root: Path) -> None:
    runner.on("pg_lsclusters", out=ONLINE).on("stop", error=CommandError("the connection is gone"))
    with pytest.raises(CommandError):
        retire(runner, "db2", root=root)
    assert retired_for(root) == "db2"


def test_one_that_replays_is_stopped_as_well(runner: Any, root: Path) -> None:
    runner.on("pg_lsclusters", out=[ONLINE.replace("online", "online,recovery"), DOWN]).on("stop")
    assert retire(runner, "db2", root=root)[-1] == "stop 15/main"


def test_a_server_that_does_not_stop_is_an_error(runner: Any, root: Path) -> None:
    runner.on("pg_lsclusters", out=ONLINE).on("stop")
    with pytest.raises(
        RetirementError, match=r"15/main runs outside of postgresql@15-main.service and was not stopped"
    ):
        retire(runner, "db2", root=root)


def test_check_mode_only_tells(runner: Any, root: Path) -> None:
    runner.on("pg_lsclusters", out=ONLINE)
    assert len(retire(runner, "db2", check=True, root=root)) == 2
    assert (root / "15/main/start.conf").read_text() == "auto\n"


def test_a_host_without_the_site_s_database_has_nothing_to_do(runner: Any, tmp_path: Path) -> None:
    assert retire(runner, "db2", root=tmp_path) == []
    assert retired_for(tmp_path) == ""


def test_a_restore_lets_it_start_again(runner: Any, root: Path) -> None:
    retire(serving(runner), "db2", root=root)
    assert len(revive(root / "15/main", check=True)) == 1
    assert retired_for(root) == "db2"
    assert revive(root / "15/main") == ["let the server start with its host again"]
    assert (root / "15/main/start.conf").read_text() == "auto\n"
    assert revive(root / "15/main") == []


def test_one_that_a_person_has_disabled_stays_so(root: Path) -> None:
    (root / "15/main/start.conf").write_text("# by hand\ndisabled\n")
    assert revive(root / "15/main") == []
    assert (root / "15/main/start.conf").read_text() == "# by hand\ndisabled\n"
