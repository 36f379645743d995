"""Restored data replays its WAL with what its server had, and the cluster's own settings hold again afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import cluster_running
from ansible_collections.traumalink.ops.plugins.module_utils.cluster_recovery import raised, recovers
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_cluster import Cluster, ClusterError, ensure
from cluster_host import Host, fill, serving

CONTROL = """\
pg_control version number:            1300
wal_level setting:                    replica
max_connections setting:              100
max_worker_processes setting:         20
max_wal_senders setting:              10
max_prepared_xacts setting:           5
max_locks_per_xact setting:           64
track_commit_timestamp setting:       off
"""


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        ({}, {"max_worker_processes": "20", "max_prepared_transactions": "5"}),
        ({"max_worker_processes": "20", "max_prepared_transactions": "4"}, {"max_prepared_transactions": "5"}),
        ({"max_worker_processes": "32", "max_prepared_transactions": "9"}, {}),
        (
            {"max_connections": "50", "max_wal_senders": "2", "max_locks_per_transaction": "10"},
            {
                "max_connections": "100", "max_worker_processes": "20", "max_wal_senders": "10", "max_prepared_transactions": "5",
                "max_locks_per_transaction": "64",
            },
        ),
    ],
)  # fmt: skip
def test_the_higher_of_both_holds(settings: dict[str, str], needed: dict[str, str]) -> None:
    assert raised(settings, CONTROL) == needed


def test_a_control_file_that_says_nothing_raises_nothing() -> None:
    assert raised({"max_connections": "1"}, "pg_control version number: 1300\n") == {}


@pytest.mark.parametrize(
    ("signals", "recovering"),
    [([], False), (["recovery.signal"], True), (["standby.signal"], False), (["recovery.signal", "standby.signal"], False)],
)  # fmt: skip
def test_a_standby_is_not_restored_data(cluster: Cluster, signals: list[str], recovering: bool) -> None:
    fill(cluster)
    for name in signals:
        (cluster.data_directory / name).touch()
    assert recovers(cluster) is recovering


def restored(cluster: Cluster, **had: int) -> Host:
    """Return a host on which restored data lies whose server had this."""
    fill(cluster)
    (cluster.data_directory / "recovery.signal").touch()
    host = Host(cluster)
    host.had = had
    return host


def written(cluster: Cluster) -> str:
    return (cluster.configuration_directory / "conf.d" / "50-traumalink.conf").read_text()


def test_it_recovers_with_what_its_server_had_and_serves_with_the_cluster_s_own(cluster: Cluster) -> None:
    host = restored(cluster, max_worker_processes=20, max_connections=300)
    outcome = ensure(cluster, host)
    assert host.runs_with == {"max_worker_processes": 20, "max_connections": 300}
    assert (
        "recover with max_connections = 300, max_worker_processes = 20, as the server had that wrote the data"
        in outcome.steps
    )
    assert outcome.in_recovery is False
    assert "max_worker_processes" not in written(cluster)
    host.loaded_at += 1000  # the reload that follows
    assert ensure(cluster, host).steps == []


def test_where_its_server_had_no_more_nothing_is_said_and_nothing_reloaded(cluster: Cluster) -> None:
    host = restored(cluster, max_worker_processes=8)
    outcome = ensure(cluster, host)
    assert [step for step in outcome.steps if step.startswith("recover with")] == []
    assert host.done() == ["pg_createcluster", "start"]


@pytest.mark.parametrize(("may_restart", "ends_with"), [(True, 8), (False, 20)])
def test_the_cluster_s_own_wait_for_a_restart_where_none_may_be(
    cluster: Cluster, may_restart: bool, ends_with: int
) -> None:
    wanted = replace(cluster, settings={"max_worker_processes": "8"}, may_restart=may_restart)
    host = restored(wanted, max_worker_processes=20)
    host.pending = ["max_worker_processes"]
    outcome = ensure(wanted, host)
    assert host.runs_with == {"max_worker_processes": ends_with}
    assert outcome.restart_pending == ([] if may_restart else ["max_worker_processes"])


@pytest.mark.parametrize("admits_readers", [True, False])
def test_wal_that_asks_for_more_on_its_way_gets_it(cluster: Cluster, admits_readers: bool) -> None:
    # Where it admits readers PostgreSQL pauses for ever, else it ends; both times the control file knows.
    host = restored(cluster, max_connections=100)
    host.wal_asks, host.admits_readers = {"max_connections": 500}, admits_readers
    outcome = ensure(cluster, host)
    assert host.runs_with == {"max_connections": 500}
    assert host.done().count("start") == 2
    assert outcome.in_recovery is False


def test_the_reload_behind_a_recovery_waits_until_systemd_is_done_with_the_start(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_running, "START_TIMEOUT_SECONDS", 10.0)
    host = restored(cluster, max_worker_processes=20)
    host.starting_for, host.loads_ahead = 3, 0.0
    assert "reload the server" in ensure(cluster, host).steps


def test_a_run_that_finds_the_server_waiting_for_more_gives_it(cluster: Cluster) -> None:
    host = serving(cluster)
    (cluster.data_directory / "recovery.signal").touch()
    host.had, host.paused = {"max_connections": 500}, True
    outcome = ensure(cluster, host)
    assert "stop the server, whose replay waits for higher settings" in outcome.steps
    assert host.runs_with == {"max_connections": 500}
    assert outcome.in_recovery is False


def test_a_replay_that_a_person_has_paused_is_his(cluster: Cluster) -> None:
    host = restored(cluster, max_worker_processes=20)
    host.paused_by_a_person = True
    with pytest.raises(ClusterError, match="still replays WAL after 0 s"):
        ensure(cluster, host)
    assert host.done().count("start") == 1
    assert host.running


def test_a_server_that_does_not_start_for_another_reason_is_not_started_again(cluster: Cluster) -> None:
    host = restored(cluster, max_worker_processes=20)
    host.boots = False
    with pytest.raises(ClusterError, match="does not start"):
        ensure(cluster, host)
    assert host.done().count("start") == 1


def test_check_mode_starts_nothing(cluster: Cluster, tmp_path: Path) -> None:
    host = serving(cluster)
    host.running = False
    (cluster.data_directory / "recovery.signal").touch()
    host.had = {"max_worker_processes": 20}
    before = written(cluster)
    assert ensure(cluster, host, check=True).steps == ["start the server"]
    assert (host.done(), written(cluster)) == ([], before)
