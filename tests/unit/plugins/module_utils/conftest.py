"""A wanted cluster and a host with nothing on it (tests/unit/fakes/cluster_host.py); a host to restore on (tests/unit/samples/restore_host_samples.py)."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils import (
    cluster_adoption,
    cluster_creation,
    cluster_retirement,
    cluster_running,
    postgresql_cluster,
    restore,
    server_log,
)
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_cluster import Cluster
from cluster_host import Host
from restore_host_samples import Repository

ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Give a wanted cluster whose every path lies in the test's folder."""
    for module in (postgresql_cluster, cluster_adoption, cluster_creation, cluster_retirement):
        monkeypatch.setattr(module, "SYSTEM_USER", ME)
    monkeypatch.setattr(server_log, "LOG_ROOT", tmp_path / "log")
    monkeypatch.setattr(cluster_running, "START_TIMEOUT_SECONDS", 0.0)
    sample = tmp_path / "share" / "15" / "postgresql.conf.sample"
    sample.parent.mkdir(parents=True)
    sample.write_text("# sample\n")
    return Cluster(
        version="15",
        data_directory=tmp_path / "data",
        settings={"archive_mode": "on", "work_mem": "4MB"},
        hba_lines=["hostssl trauma app 10.0.0.1/32 scram-sha-256"],
        ident_lines=["traumalink postgres backup"],
        configuration_root=tmp_path / "etc",
        samples=tmp_path / "share",
        recovery_timeout_seconds=0.0,
    )


@pytest.fixture
def host(cluster: Cluster) -> Host:
    """Give a host with nothing on it."""
    return Host(cluster)


@pytest.fixture
def repository(tmp_path: Path, runner: Any, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Give a host without data beside a repository with one backup of 10 GiB."""
    monkeypatch.setattr(restore, "SYSTEM_USER", ME)
    (tmp_path / "15").mkdir()
    return Repository(tmp_path / "15" / "main", runner)
