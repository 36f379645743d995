"""The settings of the scratch server: cut off from production, and able to replay its WAL."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.drill_settings import (
    control_values,
    preloads,
    scratch_settings,
    settings_text,
)

# Printed by pg_controldata 15, shortened.
CONTROL = """\
pg_control version number:            1300
Latest checkpoint location:           0/7000060
Time of latest checkpoint:            Wed Nov 25 08:27:45 2026
max_connections setting:              150
max_worker_processes setting:         4
max_wal_senders setting:              10
max_prepared_xacts setting:           20
max_locks_per_xact setting:           64
Data page checksum version:           1
"""


def settings(target: str | None = None, control: str = CONTROL) -> dict[str, str]:
    return scratch_settings(control_values(control), Path("/s/server"), "fetch", ["a", "b"], target, 3)


def test_production_never_hears_of_it() -> None:
    found = settings()
    assert found["archive_mode"] == "off"
    assert found["listen_addresses"] == ""
    assert found["max_logical_replication_workers"] == "0"
    assert found["unix_socket_directories"] == "/s/server"
    assert found["unix_socket_permissions"] == "0700"


def test_has_at_least_what_the_primary_had() -> None:
    found = settings()
    names = (
        "max_connections",
        "max_worker_processes",
        "max_wal_senders",
        "max_prepared_transactions",
        "max_locks_per_transaction",
    )
    assert [found[name] for name in names] == ["150", "8", "10", "20", "64"]


def test_pauses_before_the_target_or_replays_everything() -> None:
    assert {name: value for name, value in settings("0/5000028").items() if name.startswith("recovery_target")} == {
        "recovery_target_timeline": "3", "recovery_target_lsn": "0/5000028", "recovery_target_inclusive": "off",
        "recovery_target_action": "pause",
    }  # fmt: skip
    assert [name for name in settings() if name.startswith("recovery_target")] == ["recovery_target_timeline"]


def test_values_stand_quoted() -> None:
    assert (
        settings_text({"restore_command": r"get '%f' \x", "port": "1"})
        == "restore_command = 'get ''%f'' \\\\x'\nport = '1'\n"
    )


def test_reads_what_pg_controldata_prints() -> None:
    found = control_values(CONTROL)
    assert found["Data page checksum version"] == "1"
    assert found["Time of latest checkpoint"] == "Wed Nov 25 08:27:45 2026"


@pytest.mark.parametrize(
    ("auto_conf", "asked", "there", "missing"),
    [
        ("", ["pg_stat_statements"], ["pg_stat_statements"], []),
        ("", ["timescaledb"], [], ["timescaledb"]),
        ("shared_preload_libraries = 'auto_explain, \"pg_cron\"'\n", ["auto_explain"], ["auto_explain"], ["pg_cron"]),
        ("shared_preload_libraries = 'x'\nshared_preload_libraries = ''\n", [], [], []),
        ("#shared_preload_libraries = 'x'\n", ["$libdir/auto_explain"], ["$libdir/auto_explain"], []),
    ],
)
def test_loads_what_production_loads_as_far_as_it_is_installed(
    auto_conf: str, asked: list[str], there: list[str], missing: list[str], tmp_path: Path
) -> None:
    for name in ("pg_stat_statements", "auto_explain"):
        (tmp_path / f"{name}.so").touch()
    assert preloads(auto_conf, asked, tmp_path) == (there, missing)
