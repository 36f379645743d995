"""Adoption touches no data, whatever happens."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.cluster_adoption import AdoptionError
from ansible_collections.traumalink.ops.plugins.module_utils.command import CommandError
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_cluster import (
    Cluster,
    ClusterError,
    ClusterState,
    ensure,
    look,
    refuse_another_place,
)
from cluster_host import Host, Killed, configure, fill, power_cut, serving, tree


def own_configuration(cluster: Cluster) -> None:
    """Lay data with a configuration that names where it lies, as an adopted server's may, and that Debian knows too."""
    fill(cluster)
    folder = cluster.data_directory
    (folder / "postgresql.conf").write_bytes(
        f"# {'医院'}\n".encode("gbk") + f"Data_Directory '{folder}'\nPORT=5433\nwork_mem = 1GB\n".encode()
    )
    (folder / "pg_hba.conf").write_text("local all postgres peer\n# theirs\n")
    (folder / "pg_ident.conf").write_text("# theirs\n")


def skeleton_goes(cluster: Cluster) -> bool:
    return not cluster.data_directory.with_name("data.adopting").exists()


@pytest.fixture(params=[fill, own_configuration])
def data(request: pytest.FixtureRequest, cluster: Cluster) -> dict[str, str]:
    """Give what lies in the data directory, with a configuration of its own or without."""
    request.param(cluster)
    return tree(cluster.data_directory)


def test_the_tool_never_learns_where_the_data_lies(cluster: Cluster, host: Host, data: dict[str, str]) -> None:
    ensure(cluster, host)
    assert str(cluster.data_directory) not in host.calls[0]
    (cluster.data_directory / "postmaster.opts").unlink()
    assert tree(cluster.data_directory) == data
    assert look(cluster) == ClusterState(True, cluster.data_directory, "15")
    assert skeleton_goes(cluster)
    assert ensure(cluster, host).steps == []


@pytest.mark.parametrize(
    "name", ["postgresql.conf", "pg_hba.conf", "pg_ident.conf", "data_directory", "port", "include_dir", "log"]
)
def test_data_outlives_every_failure_of_the_tool(cluster: Cluster, host: Host, data: dict[str, str], name: str) -> None:
    host.fails_before = name
    with pytest.raises(CommandError, match="adopting the cluster 15/main failed"):
        ensure(cluster, host)
    assert tree(cluster.data_directory) == data
    host.fails_before = None
    assert ensure(cluster, host).steps[0] == "adopt the data that is there"
    assert look(cluster) == ClusterState(True, cluster.data_directory, "15")
    assert skeleton_goes(cluster)


@pytest.mark.parametrize("fails_before", [None, "pg_ident.conf", "log"])
@pytest.mark.parametrize("after", range(35))
def test_an_adoption_killed_anywhere_is_made_good(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, after: int, fails_before: str | None
) -> None:
    own_configuration(cluster)
    before = tree(cluster.data_directory)
    host = Host(cluster)
    host.fails_before = fails_before
    with suppress(Killed, CommandError), power_cut(monkeypatch, after):
        ensure(cluster, host)
    (cluster.data_directory / "postmaster.opts").unlink(missing_ok=True)
    assert tree(cluster.data_directory) == before
    host.fails_before = None
    # Nor does it matter where the run is cut off that would make it good.
    with suppress(Killed), power_cut(monkeypatch, after // 2):
        ensure(cluster, host)
    ensure(cluster, host)
    (cluster.data_directory / "postmaster.opts").unlink(missing_ok=True)
    assert tree(cluster.data_directory) == before
    assert look(cluster) == ClusterState(True, cluster.data_directory, "15")
    assert skeleton_goes(cluster)
    assert host.running
    rules = (cluster.configuration_directory / "pg_hba.conf").read_text().splitlines()
    assert rules[-2:] == ["local all postgres peer", "# theirs"]
    assert b"\nwork_mem = 1GB\n" in (cluster.configuration_directory / "postgresql.conf").read_bytes()


def test_its_own_settings_stay_below_debian_s(cluster: Cluster, host: Host) -> None:
    own_configuration(cluster)
    with (cluster.data_directory / "postgresql.conf").open("a") as stream:
        stream.write("include 'more.conf'\n  include_dir = more.d # x\ninclude_if_exists '/srv/site.conf'\n")
    ensure(cluster, host)
    text = (cluster.configuration_directory / "postgresql.conf").read_bytes()
    assert text.decode("gbk").splitlines() == [
        "# 医院", f"#Data_Directory '{cluster.data_directory}'", "#PORT=5433", "work_mem = 1GB",
        f"include '{cluster.data_directory}/more.conf'", f"  include_dir = '{cluster.data_directory}/more.d' # x",
        "include_if_exists '/srv/site.conf'", "", "# Debian's, by pg_createcluster:",
        "port = '5432'", f"data_directory = '{cluster.data_directory}'", "include_dir = 'conf.d'",
    ]  # fmt: skip


def test_what_stands_in_the_skeleton_s_place_is_respected(cluster: Cluster, host: Host, tmp_path: Path) -> None:
    fill(cluster)
    fill(replace(cluster, data_directory=tmp_path / "data.adopting"))
    before = tree(tmp_path)
    with pytest.raises(AdoptionError, match=r"data\.adopting/patients is in the way.* Nothing was changed"):
        ensure(cluster, host)
    assert (tree(tmp_path), host.calls) == (before, [])


def test_a_folder_of_somebody_s_beside_a_known_cluster_stays(cluster: Cluster, tmp_path: Path) -> None:
    host = serving(cluster)
    fill(replace(cluster, data_directory=tmp_path / "data.adopting"))
    before = tree(tmp_path)
    assert ensure(cluster, host).steps == []
    assert tree(tmp_path) == before


def test_access_rules_that_somebody_left_in_etc_are_respected(cluster: Cluster, host: Host, tmp_path: Path) -> None:
    fill(cluster)
    configure(cluster, cluster.data_directory)
    (cluster.configuration_directory / "postgresql.conf").unlink()
    before = tree(tmp_path)
    with pytest.raises(AdoptionError, match=r"main/pg_hba\.conf is in the way"):
        ensure(cluster, host)
    assert (tree(tmp_path), host.calls) == (before, [])


@pytest.mark.parametrize("etc", [False, True])
def test_data_that_goes_while_it_is_adopted_is_missed(
    cluster: Cluster, host: Host, monkeypatch: pytest.MonkeyPatch, etc: bool
) -> None:
    fill(cluster)
    skeleton = cluster.data_directory.with_name("data.adopting")
    skeleton.mkdir()
    if etc:
        configure(cluster, skeleton)
    cluster.data_directory.rename(cluster.data_directory.with_name("elsewhere"))
    with pytest.raises(ClusterError, match=r"/data holds no data now, though .*: a disk may not be mounted"):
        ensure(cluster, host)
    assert host.calls == []
    refuse_another_place(cluster, look(cluster))  # a restore may bring it back
