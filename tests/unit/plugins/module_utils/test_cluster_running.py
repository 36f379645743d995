"""A cluster's server: reloaded, started and waited for, restarted only where it may be."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import cluster_running
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_cluster import (
    Cluster,
    ClusterError,
    Outcome,
    ensure,
)
from cluster_host import Host, serving, verb


@pytest.mark.parametrize(("newer_by", "reloads"), [(1, True), (-1, False)])
@pytest.mark.parametrize("name", ["conf.d/50-traumalink.conf", "pg_hba.conf", "pg_ident.conf", "server.crt"])
def test_reloads_where_a_file_is_newer_than_what_was_loaded(
    cluster: Cluster, name: str, newer_by: int, reloads: bool
) -> None:
    certificate = cluster.data_directory.parent / "etc" / "15" / "main" / "server.crt"
    wanted = replace(cluster, watch_files=[certificate, Path("/not/there.crt")])
    host = serving(wanted)
    certificate.touch()
    for file in cluster.configuration_directory.rglob("*"):
        os.utime(file, (1, 1))
    stamp = host.loaded_at + newer_by
    os.utime(cluster.configuration_directory / name, (stamp, stamp))
    host.loaded_at += 0.5
    outcome = ensure(wanted, host)
    assert outcome.steps == (["reload the server"] if reloads else [])
    assert host.done() == (["reload"] if reloads else [])


def test_a_run_killed_between_writing_and_reloading_is_made_good(cluster: Cluster) -> None:
    host = serving(cluster)
    host.loaded_at = 1000.0
    # No file differs, nothing is written: the times alone tell.
    assert ensure(cluster, host).steps == ["reload the server"]
    assert ensure(cluster, host).steps == []


def test_a_reload_that_the_server_does_not_take_is_an_error(cluster: Cluster) -> None:
    host = serving(cluster)
    host.loaded_at, host.reads_configuration = 1000.0, False
    with pytest.raises(ClusterError, match=r"postgresql@15-main\.service has not read its configuration"):
        ensure(cluster, host)


@pytest.mark.parametrize(
    ("may_restart", "steps", "done", "left"),
    [
        (False, [], [], ["archive_mode", "shared_buffers"]),
        (True, ["restart the server for archive_mode, shared_buffers"], ["restart"], []),
    ],
)
def test_restarts_only_where_it_may(
    cluster: Cluster, may_restart: bool, steps: list[str], done: list[str], left: list[str]
) -> None:
    host = serving(cluster)
    host.pending = ["archive_mode", "shared_buffers"]
    outcome = ensure(replace(cluster, may_restart=may_restart), host)
    assert (outcome.steps, host.done(), outcome.restart_pending) == (steps, done, left)


def test_permission_alone_restarts_nothing(cluster: Cluster) -> None:
    host = serving(cluster)
    assert ensure(replace(cluster, may_restart=True), host).steps == []
    assert host.done() == []


def test_a_server_that_stays_away_after_its_restart_is_an_error(cluster: Cluster) -> None:
    host = serving(cluster)
    host.pending, host.comes_back = ["archive_mode"], False
    with pytest.raises(ClusterError, match=r"postgresql@15-main\.service does not answer after its restart"):
        ensure(replace(cluster, may_restart=True), host)


# --- starting and recovering ---


@pytest.mark.parametrize("gives_up", [True, False])
def test_a_server_that_does_not_start_is_an_error_with_the_end_of_its_log(
    cluster: Cluster, host: Host, tmp_path: Path, gives_up: bool
) -> None:
    (tmp_path / "log").mkdir()
    lines = "".join(f"line {number}\n" for number in range(9))
    (tmp_path / "log" / "postgresql-15-main.log").write_text(lines)
    host.boots = False
    if not gives_up:
        host.systemctl = lambda argv: (1 if verb(argv) == "is-failed" else 0, "")  # type: ignore[method-assign]
    said = r"does not start; correct what its log names, and run again: .*main\.log ends with: line 4 \| .* \| line 8$"
    with pytest.raises(ClusterError, match=said):
        ensure(cluster, host)


@pytest.mark.parametrize("word", ["start", "reload", "restart"])
def test_systemd_s_refusal_is_told_even_without_a_log(cluster: Cluster, word: str) -> None:
    host = serving(cluster)
    host.running, host.pending, host.fails_on = word != "start", ["archive_mode"], word
    host.loaded_at = 0.0 if word == "reload" else host.loaded_at
    said = rf"systemctl {word} postgresql@15-main\.service failed: it went wrong: .*\.log does not exist"
    with pytest.raises(ClusterError, match=said):
        ensure(replace(cluster, may_restart=True), host)


@pytest.fixture
def starting(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Give a host whose server was stopped, does not come up, and whose unit stays active whatever the server does."""
    host = serving(cluster)
    host.running = host.boots = False
    host.systemctl = lambda argv: (1 if verb(argv) == "is-failed" else 0, "")  # type: ignore[method-assign]
    monkeypatch.setattr(cluster_running, "startup_process", host.startup_process)
    return host


@pytest.mark.parametrize("crashes", [False, True])
def test_a_server_that_does_not_replay_is_not_waited_for(cluster: Cluster, starting: Host, crashes: bool) -> None:
    starting.crashes, begun = crashes, time.monotonic()
    with pytest.raises(ClusterError, match="does not start; correct what its log names"):
        ensure(replace(cluster, recovery_timeout_seconds=20.0), starting)
    assert time.monotonic() - begun < 10


def test_a_server_that_replays_for_long_before_it_admits_anyone_is_waited_for(cluster: Cluster, starting: Host) -> None:
    starting.boots, starting.replays_for = True, 4
    assert ensure(replace(cluster, recovery_timeout_seconds=30.0), starting).steps == ["start the server"]


def test_a_server_that_replays_for_longer_than_we_wait_is_not_called_broken(cluster: Cluster, starting: Host) -> None:
    starting.replays_for = 99
    with pytest.raises(ClusterError, match=r"still replays WAL after 0 s; it goes on by itself; run the playbook ag"):
        ensure(cluster, starting)


def test_start_does_not_wait_in_systemd_so_that_a_long_recovery_is_not_cut_short(cluster: Cluster, host: Host) -> None:
    ensure(cluster, host)
    assert ["systemctl", "--no-block", "start", cluster.unit] in host.calls


def test_waits_out_a_recovery(cluster: Cluster, host: Host) -> None:
    host.recovering_for = 2
    outcome = ensure(replace(cluster, recovery_timeout_seconds=30.0), host)
    assert outcome.in_recovery is False


def test_a_recovery_that_takes_longer_goes_on_and_is_told(cluster: Cluster, host: Host) -> None:
    host.recovering_for = 99
    with pytest.raises(
        ClusterError, match=r"still replays WAL after 0 s; it goes on by itself; run the playbook again"
    ):
        ensure(cluster, host)
    assert host.running


def test_a_standby_is_not_waited_for(cluster: Cluster) -> None:
    host = serving(cluster)
    (cluster.data_directory / "standby.signal").touch()
    host.recovering_for = 99
    assert ensure(cluster, host).in_recovery is True


def test_an_outcome_without_steps_is_no_change() -> None:
    assert (Outcome().changed, Outcome(steps=["start the server"]).changed) == (False, True)


def test_refuses_rules_that_the_server_does_not_take(cluster: Cluster) -> None:
    host = serving(cluster)
    host.loaded_at = 0.0
    host.rejected_rules = "7\x1fmissing authentication method\n"
    with pytest.raises(
        ClusterError, match=r"pg_hba\.conf has lines that PostgreSQL rejects.*line 7: missing authentication method"
    ):
        ensure(cluster, host)


@pytest.mark.parametrize(("room", "prepared", "restarts"), [(0, 0, True), (3, 3, True), (2, 3, False)])
def test_no_restart_leaves_prepared_transactions_without_room(
    cluster: Cluster, room: int, prepared: int, restarts: bool
) -> None:
    wanted = replace(cluster, settings={"max_prepared_transactions": str(room)}, may_restart=True)
    host = serving(wanted)
    host.pending, host.prepared = ["max_prepared_transactions"], prepared
    if restarts:
        assert ensure(wanted, host).steps == ["restart the server for max_prepared_transactions"]
        return
    with pytest.raises(
        ClusterError, match=r"holds 3 prepared transactions, .* set max_prepared_transactions to 3 or more"
    ):
        ensure(wanted, host)
    assert host.done() == []


def test_a_server_that_was_started_heeds_its_archive_timeout_at_once(cluster: Cluster, host: Host) -> None:
    ensure(cluster, host)
    assert host.woken == 1
    ensure(cluster, host)
    assert host.woken == 1, "nothing was done, so nobody has fallen asleep"
    host.pending = ["shared_buffers"]
    ensure(replace(cluster, may_restart=True), host)
    assert host.woken == 2
