"""A PostgreSQL cluster: created where there is nothing, adopted where there is data, never replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import postgresql_cluster
from ansible_collections.traumalink.ops.plugins.module_utils.cluster_retirement import MARK
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_cluster import (
    Cluster,
    ClusterError,
    ClusterState,
    ensure,
    look,
)
from cluster_host import Host, Killed, configure, fill, serving, tree

INITDB_OPTIONS = {"--", "--data-checksums", "--locale"}


# --- created or adopted, never replaced ---


def test_creates_with_checksums_where_there_is_nothing(cluster: Cluster, host: Host) -> None:
    outcome = ensure(cluster, host)
    assert host.done() == ["pg_createcluster", "start"]
    argv = host.calls[0]
    assert argv[:3] == ["pg_createcluster", "15", "main"]
    assert argv[argv.index("-d") + 1] == str(cluster.data_directory)
    assert argv[argv.index("-p") + 1] == "5432"
    after = argv[argv.index("--") + 1 :]
    assert after == ["--data-checksums", "--auth-local=peer", "--auth-host=scram-sha-256"]
    assert outcome.steps[0] == "create the cluster"
    assert outcome.steps[-1] == "start the server"
    assert (outcome.in_recovery, outcome.data_checksums) == (False, True)
    assert outcome.server_version == "15.10 (Debian 15.10-0+deb12u1)"


def test_an_empty_folder_is_nothing(cluster: Cluster, host: Host) -> None:
    cluster.data_directory.mkdir()
    assert ensure(cluster, host).steps[0] == "create the cluster"


def test_adopts_data_without_initdb(cluster: Cluster, host: Host) -> None:
    fill(cluster)
    outcome = ensure(cluster, host)
    assert outcome.steps[0] == "adopt the data that is there"
    assert not INITDB_OPTIONS & set(host.calls[0])
    assert (cluster.data_directory / "patients").read_text() == "precious"


def test_restored_data_without_any_configuration_starts_from_debians_sample(cluster: Cluster, host: Host) -> None:
    fill(cluster)
    ensure(cluster, host)
    folder = cluster.configuration_directory
    assert (folder / "postgresql.conf").read_text().splitlines() == [
        "# sample", "", "# Debian's, by pg_createcluster:",
        "port = '5432'", f"data_directory = '{cluster.data_directory}'", "include_dir = 'conf.d'",
    ]  # fmt: skip
    assert (folder / "pg_hba.conf").read_text().endswith("\nlocal all postgres peer\nlocal all all peer\n")
    assert (folder / "pg_ident.conf").exists()


def test_a_known_cluster_is_not_created_again(cluster: Cluster, host: Host) -> None:
    fill(cluster)
    configure(cluster, cluster.data_directory)
    outcome = ensure(cluster, host)
    assert host.done() == ["start"]
    assert {step.split()[0] for step in outcome.steps} == {"write", "start"}


def mismatch_other_place(cluster: Cluster) -> None:
    fill(cluster)
    configure(cluster, Path("/srv/pg"))


def mismatch_place_written_without_equals_sign(cluster: Cluster) -> None:
    fill(cluster)
    configure(cluster, Path("/srv/pg"))
    (cluster.configuration_directory / "postgresql.conf").write_text("  Data_Directory '/srv/pg'\n")


def mismatch_other_version(cluster: Cluster) -> None:
    fill(cluster, "14")


def mismatch_other_version_configured(cluster: Cluster) -> None:
    fill(cluster, "17")
    configure(cluster, cluster.data_directory)


def mismatch_strange_files(cluster: Cluster) -> None:
    cluster.data_directory.mkdir()
    (cluster.data_directory / "photos").write_text("precious")


def mismatch_disk_not_mounted(cluster: Cluster) -> None:
    configure(cluster, cluster.data_directory)


def mismatch_disk_not_mounted_over_folder(cluster: Cluster) -> None:
    configure(cluster, cluster.data_directory)
    cluster.data_directory.mkdir()


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        (mismatch_other_place, "keeps its data in /srv/pg, not in .*/data; set postgresql_data_directory to /srv/pg"),
        (mismatch_place_written_without_equals_sign, "keeps its data in /srv/pg, not in"),
        (
            mismatch_other_version,
            "holds data of PostgreSQL 14, this host runs 15; a major version is changed by a migra",
        ),
        (mismatch_other_version_configured, "holds data of PostgreSQL 17, this host runs 15"),
        (mismatch_strange_files, "is not empty and holds no PostgreSQL data; look what it is"),
        (
            mismatch_disk_not_mounted,
            r"cluster 15/main is configured but .*/data holds no data: a disk may not be mounted",
        ),
        (mismatch_disk_not_mounted_over_folder, "or bring the data back with traumalink.ops.restore"),
    ],
)
def test_refuses_what_does_not_fit_before_any_change(
    cluster: Cluster, host: Host, tmp_path: Path, arrange: Callable[[Cluster], None], said: str, check: bool
) -> None:
    arrange(cluster)
    before = tree(tmp_path)
    with pytest.raises(ClusterError, match=said):
        ensure(cluster, host, check=check)
    assert host.calls == []
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("configuration", "found"),
    [
        ("data_directory = '/a'\n", "/a"),
        ("data_directory='/a b'\t# x\n", "/a b"),
        ("\tDATA_DIRECTORY '/a'\n", "/a"),
        ("#data_directory = '/a'\n", None),
        ("", None),
    ],
)
def test_reads_where_the_data_lies_as_postgresql_would(cluster: Cluster, configuration: str, found: str | None) -> None:
    configure(cluster, Path("/x"))
    (cluster.configuration_directory / "postgresql.conf").write_text(configuration)
    assert look(cluster) == ClusterState(True, Path(found) if found else None, None)


def test_creation_that_fails_is_told_and_nothing_is_started(cluster: Cluster, host: Host) -> None:
    host.fails_on = "pg_createcluster"
    with pytest.raises(CommandError, match=r"creating the cluster 15/main failed: .* it went wrong"):
        ensure(cluster, host)
    assert host.done() == ["pg_createcluster"]


# --- creation that was cut off ---

BEGUN = [["base"], ["base", "PG_VERSION"], ["PG_VERSION", "start.conf"], ["PG_VERSION", "postgresql.conf"]]


def killed_in_creation(cluster: Cluster, left: list[str]) -> Host:
    """Return a host on which a run was killed while pg_createcluster had made these files."""
    host = Host(cluster)
    host.killed_after = left
    with pytest.raises(Killed):
        ensure(cluster, host)
    host.killed_after = None
    host.calls.clear()
    return host


def kept_aside(cluster: Cluster) -> list[Path]:
    return sorted(cluster.data_directory.parent.glob("data.unfinished-*"))


@pytest.mark.parametrize("left", BEGUN)
def test_what_a_killed_creation_left_is_kept_aside_and_made_anew(cluster: Cluster, left: list[str]) -> None:
    host = killed_in_creation(cluster, left)
    outcome = ensure(cluster, host)
    (aside,) = kept_aside(cluster)
    assert outcome.steps[:2] == [f"keep what an interrupted run left unfinished aside as {aside}", "create the cluster"]
    assert set(host.calls[0]) >= INITDB_OPTIONS
    names = {path.name for path in aside.rglob("*") if path.is_file() or not any(path.iterdir())}
    assert names == set(left)
    assert not cluster.creation.marker.exists()
    assert ensure(cluster, host).steps == []
    assert kept_aside(cluster) == [aside]


def test_a_creation_killed_before_it_wrote_anything_leaves_nothing_to_keep(cluster: Cluster) -> None:
    host = killed_in_creation(cluster, [])
    assert ensure(cluster, host).steps[0] == "create the cluster"
    assert kept_aside(cluster) == []


def test_a_creation_can_be_killed_again_and_again(cluster: Cluster) -> None:
    host = killed_in_creation(cluster, BEGUN[1])
    host.killed_after = BEGUN[3]
    with pytest.raises(Killed):
        ensure(cluster, host)
    host.killed_after = None
    ensure(cluster, host)
    assert not cluster.creation.marker.exists()
    assert host.running


def test_keeping_aside_can_be_killed_too(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    host = killed_in_creation(cluster, BEGUN[3])

    def killed(*_paths: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed)
        with pytest.raises(Killed):
            ensure(cluster, host)
    ensure(cluster, host)
    assert (kept_aside(cluster)[0] / "configuration" / "postgresql.conf").exists()


def used_by_a_server(cluster: Cluster) -> None:
    (cluster.data_directory / "postmaster.opts").touch()


def used_by_a_restore(cluster: Cluster) -> None:
    (cluster.data_directory / "backup.manifest").touch()


def used_by_a_person(cluster: Cluster) -> None:
    cluster.data_directory.rename(cluster.data_directory.with_name("half"))
    fill(cluster)


@pytest.mark.parametrize("use", [used_by_a_server, used_by_a_restore, used_by_a_person])
def test_a_forgotten_marker_moves_nobody_s_data(cluster: Cluster, use: Callable[[Cluster], None]) -> None:
    host = killed_in_creation(cluster, BEGUN[1])
    use(cluster)
    before = cluster.data_directory.stat().st_ino
    assert ensure(cluster, host).steps[0] == "adopt the data that is there"
    assert cluster.data_directory.stat().st_ino == before
    assert kept_aside(cluster) == []
    assert not cluster.creation.marker.exists()


def test_a_failed_creation_that_tidied_up_leaves_no_marker(cluster: Cluster, host: Host) -> None:
    def fail(argv: list[str]) -> tuple[int, str]:
        Path(argv[argv.index("-d") + 1]).rmdir()
        return 1, ""

    host.pg_createcluster = fail  # type: ignore[method-assign]
    with pytest.raises(CommandError, match="creating the cluster"):
        ensure(cluster, host)
    assert not cluster.creation.marker.exists()


def test_a_failed_creation_that_left_something_is_made_anew(cluster: Cluster, host: Host) -> None:
    host.fails_on = "pg_createcluster"
    with pytest.raises(CommandError):
        ensure(cluster, host)
    fill(cluster)
    host.fails_on = None
    ensure(cluster, host)
    assert (kept_aside(cluster)[0] / "patients").exists()


def test_another_run_that_changes_the_place_meanwhile_is_respected(
    cluster: Cluster, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter([look(cluster), ClusterState(True, cluster.data_directory, "15")])
    monkeypatch.setattr(postgresql_cluster, "look", lambda _cluster: next(states))
    with pytest.raises(ClusterError, match=r"another run has changed .*/data meanwhile; run again"):
        ensure(cluster, host)
    assert host.done() == []


def test_check_mode_tells_of_the_unfinished_and_moves_nothing(cluster: Cluster, tmp_path: Path) -> None:
    host = killed_in_creation(cluster, BEGUN[1])
    before = tree(tmp_path)
    steps = ensure(cluster, host, check=True).steps
    assert [step.split()[0] for step in steps] == ["keep", "create"]
    assert (tree(tmp_path), host.calls) == (before, [])


# --- a restore never makes an empty cluster ---


@pytest.mark.parametrize("folder_is_there", [False, True])
def test_nothing_is_created_where_data_was_to_come_back(cluster: Cluster, host: Host, folder_is_there: bool) -> None:
    if folder_is_there:
        cluster.data_directory.mkdir()
    with pytest.raises(ClusterError, match=r"/data holds no PostgreSQL data, and a restore never makes an empty"):
        ensure(replace(cluster, create=False), host)
    assert host.calls == []


def test_what_came_back_is_adopted_whatever_marker_stands_beside_it(cluster: Cluster) -> None:
    host = killed_in_creation(cluster, BEGUN[1])
    outcome = ensure(replace(cluster, create=False), host)
    assert outcome.steps[0] == "adopt the data that is there"
    assert kept_aside(cluster) == []


@pytest.mark.parametrize("configured", [False, True])
def test_check_mode_of_a_restore_expects_the_data_to_come_back(cluster: Cluster, host: Host, configured: bool) -> None:
    if configured:
        configure(cluster, cluster.data_directory)
    outcome = ensure(replace(cluster, create=False), host, check=True)
    assert outcome.steps == ["adopt the data that comes back"]
    assert host.calls == []


# --- configuration ---


def test_writes_settings_and_keeps_other_peoples_rules_below_its_own(cluster: Cluster, host: Host) -> None:
    ensure(cluster, host)
    folder = cluster.configuration_directory
    settings = folder / "conf.d" / "50-traumalink.conf"
    assert settings.read_text().splitlines()[1:] == ["archive_mode = 'on'", "work_mem = '4MB'"]
    assert (folder / "pg_hba.conf").read_text().splitlines() == [
        "# BEGIN traumalink.ops", "hostssl trauma app 10.0.0.1/32 scram-sha-256", "# END traumalink.ops",
        "local all postgres peer", "# 医院",
    ]  # fmt: skip
    assert (folder / "pg_ident.conf").read_text().splitlines()[1] == "traumalink postgres backup"
    modes = [path.stat().st_mode & 0o777 for path in (settings, folder / "pg_hba.conf", folder / "pg_ident.conf")]
    assert modes == [0o644, 0o640, 0o640]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("cp %p '/a b/%f'", "'cp %p ''/a b/%f'''"),
        # PostgreSQL reads backslash escapes in its configuration file (guc-file.l, GUC_scanstr).
        (r"C:\new", r"'C:\\new'"),
        ("a\nport = 1", r"'a\nport = 1'"),
        ("", "''"),
    ],
)
def test_a_value_arrives_to_the_letter(cluster: Cluster, host: Host, value: str, written: str) -> None:
    ensure(replace(cluster, settings={"archive_command": value}), host)
    text = (cluster.configuration_directory / "conf.d" / "50-traumalink.conf").read_text()
    assert text.splitlines()[1:] == [f"archive_command = {written}"]


def test_shared_files_stay_untouched_where_there_is_nothing_of_ours(cluster: Cluster, host: Host) -> None:
    outcome = ensure(replace(cluster, hba_lines=(), ident_lines=()), host)
    assert [entry["after_header"].rsplit("/", 1)[1] for entry in outcome.diff] == ["50-traumalink.conf"]
    assert (cluster.configuration_directory / "pg_hba.conf").read_text() == "local all postgres peer\n# 医院\n"


def test_rules_taken_away_leave_the_file(cluster: Cluster) -> None:
    host = serving(cluster)
    host.loaded_at = 0.0
    outcome = ensure(replace(cluster, hba_lines=()), host)
    assert outcome.steps == [f"write {cluster.configuration_directory / 'pg_hba.conf'}", "reload the server"]
    assert "hostssl" not in (cluster.configuration_directory / "pg_hba.conf").read_text()


def test_second_time_nothing_is_done(cluster: Cluster) -> None:
    host = serving(cluster)
    outcome = ensure(cluster, host)
    assert (outcome.steps, outcome.changed, outcome.diff, host.done()) == ([], False, [], [])


def test_a_missing_access_file_is_made(cluster: Cluster) -> None:
    host = serving(cluster)
    (cluster.configuration_directory / "pg_ident.conf").unlink()
    assert ensure(cluster, host).steps[0] == f"write {cluster.configuration_directory / 'pg_ident.conf'}"


# --- check mode ---


def arrange_data(cluster: Cluster) -> Host:
    fill(cluster)
    return Host(cluster)


def arrange_stopped(cluster: Cluster) -> Host:
    host = serving(cluster)
    host.running = False
    return host


def arrange_other_settings(cluster: Cluster) -> Host:
    host = serving(cluster)
    (cluster.configuration_directory / "conf.d" / "50-traumalink.conf").write_text("work_mem = '1MB'\n")
    return host


def arrange_newer_certificate(cluster: Cluster) -> Host:
    host = serving(cluster)
    host.loaded_at = 0.0
    return host


@pytest.mark.parametrize(
    ("arrange", "steps"),
    [
        (Host, ["create the cluster"]),
        (arrange_data, ["adopt the data that is there"]),
        (arrange_stopped, ["start the server"]),
        (arrange_other_settings, ["write 50-traumalink.conf", "reload the server"]),
        (arrange_newer_certificate, ["reload the server"]),
        (serving, []),
    ],
)
def test_check_mode_tells_and_writes_nothing(
    cluster: Cluster, tmp_path: Path, arrange: Callable[[Cluster], Host], steps: list[str]
) -> None:
    host = arrange(cluster)
    host.calls.clear()
    before = tree(tmp_path)
    outcome = ensure(cluster, host, check=True)
    told = [step.replace(f"{cluster.configuration_directory}/conf.d/", "") for step in outcome.steps]
    assert told == steps
    assert outcome.changed is bool(steps)
    assert host.done() == []
    assert tree(tmp_path) == before


def test_check_mode_shows_the_difference_and_the_running_server(cluster: Cluster) -> None:
    outcome = ensure(cluster, arrange_other_settings(cluster), check=True)
    assert [entry["before"] for entry in outcome.diff] == ["work_mem = '1MB'\n"]
    assert outcome.in_recovery is False
    assert ensure(cluster, arrange_stopped(cluster), check=True).in_recovery is None


def retired(cluster: Cluster) -> Host:
    """Give a host whose database has come back on another."""
    host = serving(cluster)
    host.running = False
    (cluster.configuration_directory / "start.conf").write_text(f"{MARK}db2\ndisabled\n")
    return host


def test_a_deployment_never_starts_a_retired_database(cluster: Cluster) -> None:
    host = retired(cluster)
    with pytest.raises(
        ClusterError,
        match=r"15/main is retired: the database has come back on db2\. Put db2 into the inventory's group db",
    ):
        ensure(cluster, host)
    assert host.done() == []


def test_what_a_restore_brings_back_there_starts_with_its_host_again(cluster: Cluster) -> None:
    host, restored = retired(cluster), replace(cluster, create=False)
    assert "let the server start with its host again" in ensure(restored, host, check=True).steps
    assert ensure(restored, host).steps == ["let the server start with its host again", "start the server"]
    assert (cluster.configuration_directory / "start.conf").read_text() == "auto\n"
    assert ensure(cluster, host).steps == []
