"""The deployed application as a whole: found by its register, stopped and started by its enabled units."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.application import (
    Application,
    database_hosts,
    deployed,
    slot_url,
    start,
    stop,
)
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError
from ansible_collections.traumalink.ops.plugins.module_utils.database_access import DatabaseAccess
from ansible_collections.traumalink.ops.plugins.module_utils.slots import Register, Staged
from ansible_collections.traumalink.ops.plugins.module_utils.units import environment_file

TRAUMA = Application("trauma", "1.0.0", "blue", ())


@pytest.fixture
def enabled(tmp_path: Path) -> Path:
    wants = tmp_path / "multi-user.target.wants"
    wants.mkdir()
    for name in ("trauma-web@blue", "trauma-registry-worker@blue", "trauma-web@green", "other-web@blue"):
        (wants / f"{name}.service").symlink_to("/dev/null")
    return tmp_path


def states(runner, **by_unit):
    for unit, state in by_unit.items():
        runner.on("show", f"trauma-{unit.replace('_', '-')}@blue.service", out=f"{state}\n")
    return runner


def test_stops_what_runs_in_the_current_slot_only(runner, enabled: Path) -> None:
    states(runner, web="active", registry_worker="inactive").on("stop")
    assert stop(TRAUMA, runner, units_root=enabled) == ["trauma-web@blue.service"]
    assert runner.calls[-1] == ["systemctl", "stop", "trauma-web@blue.service"]


def test_starts_what_is_enabled_and_does_not_run(runner, enabled: Path) -> None:
    states(runner, web="failed", registry_worker="inactive").on("start")
    assert start(TRAUMA, runner, units_root=enabled) == [
        "trauma-registry-worker@blue.service",
        "trauma-web@blue.service",
    ]


def test_a_second_start_does_nothing(runner, enabled: Path) -> None:
    states(runner, web="active", registry_worker="active")
    assert start(TRAUMA, runner, units_root=enabled) == []


def test_check_mode_only_tells(runner, enabled: Path) -> None:
    states(runner, web="active", registry_worker="active")
    assert len(stop(TRAUMA, runner, check=True, units_root=enabled)) == 2
    assert all("show" in call for call in runner.calls)


def test_a_unit_that_does_not_stop_is_an_error(runner, enabled: Path) -> None:
    states(runner, web="active", registry_worker="inactive").on("stop", status=1, err="timed out")
    with pytest.raises(CommandError, match=r"systemctl stop of trauma-web@blue\.service failed.*timed out"):
        stop(TRAUMA, runner, units_root=enabled)


def test_finds_what_is_deployed_with_its_functional_modules(tmp_path: Path) -> None:
    register = Register().staged("1.0.0", Staged("0" * 64, "vendor"), "blue").activated("1.0.0")
    for path in (tmp_path / "state/trauma", tmp_path / "state/idle", tmp_path / "opt/trauma/releases/1.0.0"):
        path.mkdir(parents=True)
    (tmp_path / "state/trauma/releases.json").write_text(register.as_text())
    (tmp_path / "state/idle/releases.json").write_text(Register().as_text())
    manifest = {
        "name": "trauma",
        "version": "1.0.0",
        "from_versions": [],
        "processes": [{"name": "web", "command": ["/usr/bin/true"], "singleton": False}],
        "modules": [{"name": "triage", "title": {"zh": "预检分诊", "en": "Triage"}, "health": "/health/triage"}],
        "migrations": [
            {"id": "0001", "kind": "expand", "expected_seconds": 5, "check": ["/bin/true"], "command": ["/bin/true"]}
        ],
        "documents": [],
        "files": [{"path": "web.py", "sha256": "0" * 64, "size_bytes": 1, "executable": False}],
    }
    (tmp_path / "opt/trauma/releases/1.0.0/release.yml").write_text(json.dumps(manifest))
    (tmp_path / "etc/trauma").mkdir(parents=True)
    (tmp_path / "etc/trauma/blue.env").write_text(
        '# x\nDATABASE_DSN="host=192.0.2.21 port=5432 dbname=trauma"\nSLOT="blue"\n'
    )
    [application] = deployed(tmp_path / "opt", tmp_path / "state", tmp_path / "etc")
    assert application.database_hosts == ("192.0.2.21",)
    assert application.migrations == ("0001",)
    assert (application.name, application.version, application.slot) == ("trauma", "1.0.0", "blue")
    assert [module.health for module in application.modules] == ["/health/triage"]


@pytest.mark.parametrize("host", ["192.0.2.21", "2001:db8::21", "db1,db2"])
def test_reads_the_database_s_hosts_as_a_slot_is_told_them(tmp_path: Path, host: str) -> None:
    conninfo = DatabaseAccess(host, 5432, "trauma", "trauma_app", "secret").conninfo()
    (tmp_path / "blue.env").write_text(environment_file({"APPLICATION": "x", "DATABASE_DSN": conninfo}))
    assert database_hosts(tmp_path / "blue.env") == tuple(host.split(","))


def test_a_slot_that_was_never_told_one_asks_nowhere(tmp_path: Path) -> None:
    assert database_hosts(tmp_path / "blue.env") == ()


@pytest.mark.parametrize(
    ("told", "url"),
    [
        ({"LISTEN_ADDRESS": "192.0.2.11", "LISTEN_PORT": "8001", "TLS_CERTIFICATE": "/x"}, "https://192.0.2.11:8001"),
        (
            {"LISTEN_ADDRESS": "2001:db8::1", "LISTEN_PORT": "8002", "TLS_CERTIFICATE": "/x"},
            "https://[2001:db8::1]:8002",
        ),
        ({"LISTEN_ADDRESS": "127.0.0.1", "LISTEN_PORT": "8001"}, "http://127.0.0.1:8001"),
        ({"LISTEN_PORT": "8001"}, ""),
    ],
)
def test_tells_where_a_slot_answers_as_it_was_told(tmp_path: Path, told: dict[str, str], url: str) -> None:
    (tmp_path / "blue.env").write_text(environment_file(told))
    assert slot_url(tmp_path / "blue.env") == url
    assert slot_url(tmp_path / "green.env") == ""
