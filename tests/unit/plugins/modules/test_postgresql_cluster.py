"""The Ansible module `postgresql_cluster`: what it makes of its arguments, and its failures in words."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import postgresql_cluster as domain
from ansible_collections.traumalink.ops.plugins.modules import postgresql_cluster

Run = Callable[..., dict[str, Any]]
GIB = 1024**3


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the configuration folder of a cluster that Debian knows, with its data beside it."""
    monkeypatch.setattr(domain, "SYSTEM_USER", pwd.getpwuid(os.geteuid()).pw_name)
    cluster = partial(postgresql_cluster.Cluster, configuration_root=tmp_path / "etc")
    monkeypatch.setattr(postgresql_cluster, "Cluster", cluster)
    folder = tmp_path / "etc" / "15" / "main"
    folder.mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("15\n")
    (folder / "postgresql.conf").write_text(f"data_directory = '{tmp_path / 'data'}'\n")
    return folder


@pytest.fixture
def module(on_runner: Callable[[ModuleType], Run], configuration: Path, tmp_path: Path) -> Run:
    """Give the module with the arguments that most tests share."""
    call = on_runner(postgresql_cluster)
    common = {"version": "15", "data_directory": str(tmp_path / "data"), "backup_role": "backup", "memory_bytes": GIB}
    return lambda check=False, **arguments: call(check, **{**common, **arguments})


@pytest.fixture
def server(runner: Any) -> Any:
    """Give a runner on which the server answers and has loaded everything."""
    runner.on("SELECT 1", out="1\n").on("SELECT pg_is_in_recovery()", out="f\n")
    runner.on("SELECT pg_reload_conf()", out="t\n")
    runner.on("SHOW data_checksums", out="on\n").on("SHOW server_version", out="15.18\n")
    runner.on("SELECT extract(epoch FROM pg_conf_load_time())", out="4000000000\n")
    runner.on("SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL ORDER BY 1")
    return runner.on("SELECT name FROM pg_settings WHERE pending_restart ORDER BY name", out="shared_buffers\n")


def test_reports_the_running_cluster(module: Run, server: Any) -> None:
    result = module()
    assert result["changed"] is True
    assert len(result["steps"]) == len(result["diff"]) == 3
    assert (result["role"], result["data_checksums"], result["server_version"]) == ("primary", True, "15.18")
    assert result["restart_pending"] == ["shared_buffers"]
    again = module()
    assert (again["changed"], again["steps"], again["diff"]) == (False, [], [])


def test_names_a_standby(module: Run, server: Any, tmp_path: Path) -> None:
    (tmp_path / "data" / "standby.signal").touch()
    server.on("SELECT pg_is_in_recovery()", out="t\n")
    assert module()["role"] == "standby"


def test_computed_settings_give_way_to_those_that_were_given(module: Run, server: Any, configuration: Path) -> None:
    module(max_connections=50, settings={"work_mem": "64MB", "archive_timeout": 60})
    text = (configuration / "conf.d" / "50-traumalink.conf").read_text()
    for line in ("shared_buffers = '256MB'", "max_connections = '50'", "work_mem = '64MB'", "archive_timeout = '60'"):
        assert f"{line}\n" in text
    assert text.count("work_mem = ") == 2  # and maintenance_work_mem


def test_the_host_s_memory_counts_where_none_is_given(
    module: Run, server: Any, configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_cluster, "host_memory_bytes", lambda: 16 * GIB)
    module(memory_bytes=None)
    assert "shared_buffers = '4096MB'\n" in (configuration / "conf.d" / "50-traumalink.conf").read_text()


def test_host_memory_is_that_of_this_machine() -> None:
    kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
    assert postgresql_cluster.host_memory_bytes() == pytest.approx(kilobytes * 1024, rel=0.01)


def test_clients_and_backup_get_their_rules(module: Run, server: Any, configuration: Path) -> None:
    module(clients=[{"database": "trauma", "roles": ["app"], "addresses": ["10.0.0.1"]}])
    assert (configuration / "pg_hba.conf").read_text().splitlines()[1:3] == [
        "local all backup peer map=traumalink",
        "hostssl trauma app 10.0.0.1/32 scram-sha-256",
    ]
    assert "traumalink postgres backup" in (configuration / "pg_ident.conf").read_text()


@pytest.mark.parametrize(("allowed", "restarted"), [(False, 0), (True, 1)])
def test_restarts_only_where_it_may(module: Run, server: Any, allowed: bool, restarted: int) -> None:
    server.on("systemctl", "restart")
    module(may_restart=allowed)
    assert len(server.asked("restart")) == restarted


def test_a_watched_file_that_is_newer_is_loaded(module: Run, server: Any, tmp_path: Path) -> None:
    module()
    certificate = tmp_path / "server.crt"
    certificate.touch()
    os.utime(certificate, (4000000000 + 5, 4000000000 + 5))
    server.on("systemctl", "reload")
    server.on("SELECT extract(epoch FROM pg_conf_load_time())", out=["4000000000\n", "4000000000.5\n"])
    assert module(watch_files=[str(certificate)])["steps"] == ["reload the server"]


def test_check_mode_tells_and_writes_nothing(module: Run, server: Any, configuration: Path) -> None:
    result = module(check=True)
    assert (result["changed"], len(result["diff"])) == (True, 3)
    assert [path.name for path in configuration.iterdir()] == ["postgresql.conf"]
    assert server.asked("systemctl") == []


def test_check_mode_without_a_server_has_no_role(module: Run, runner: Any) -> None:
    runner.on("psql", status=2)
    assert module(check=True)["role"] == "none"


def test_creates_nothing_where_that_is_forbidden(module: Run, runner: Any, configuration: Path, tmp_path: Path) -> None:
    (configuration / "postgresql.conf").unlink()
    (tmp_path / "data" / "PG_VERSION").unlink()
    assert "a restore never makes an empty cluster" in module(create=False)["msg"]
    assert runner.calls == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"version": "17"}, "holds data of PostgreSQL 15, this host runs 17"),
        ({"data_directory": "/srv/other"}, "keeps its data in"),
        ({"memory_bytes": 1000}, "PostgreSQL needs at least 256 MiB"),
        (
            {"clients": [{"database": "d", "roles": ["r"], "addresses": ["all"]}]},
            "is no IP address, network or host name",
        ),
        ({"backup_role": 'a"b'}, "cannot stand in pg_hba.conf"),
        ({"clients": [{"database": "d"}]}, "missing required arguments: addresses, roles found in clients"),
    ],
)
def test_fails_in_words_before_any_change(
    module: Run, runner: Any, configuration: Path, arguments: dict[str, Any], said: str
) -> None:
    result = module(**arguments)
    assert result["failed"]
    assert said in result["msg"]
    assert [path.name for path in configuration.iterdir()] == ["postgresql.conf"]
    assert runner.calls == []
