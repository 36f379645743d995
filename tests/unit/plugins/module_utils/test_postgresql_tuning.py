"""Settings that follow from the host; the figures are worked out by hand."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_tuning import recommended_settings

MIB, GIB = 1024**2, 1024**3


@pytest.mark.parametrize(
    ("memory_gib", "wanted"),
    [
        # 1 GiB = 1024 MB: 1024/4; 1024*3/4; 1024/16; (1024-256)/200 = 3.84 -> at least 4; WAL at least 1 GiB, its quarter.
        (1, ["256MB", "768MB", "64MB", "4MB", "1024MB", "256MB"]),
        # 16 GiB = 16384 MB: /4; *3/4; /16 = 1024 (just the limit); (16384-4096)/200 = 61.44; WAL 16384/4; its quarter.
        (16, ["4096MB", "12288MB", "1024MB", "61MB", "4096MB", "1024MB"]),
        # 64 GiB = 65536 MB: /4; *3/4; /16 = 4096 -> 1024; (65536-16384)/200 = 245.76; WAL 65536/4 (just the limit).
        (64, ["16384MB", "49152MB", "1024MB", "245MB", "16384MB", "4096MB"]),
        # 256 GiB = 262144 MB: (262144-65536)/200 = 983.04; WAL stops at 16 GiB.
        (256, ["65536MB", "196608MB", "1024MB", "983MB", "16384MB", "4096MB"]),
    ],
)
def test_memory_and_wal_figures_for_a_hundred_connections(memory_gib: int, wanted: list[str]) -> None:
    settings = recommended_settings(memory_gib * GIB, 4, 100)
    names = (
        "shared_buffers", "effective_cache_size", "maintenance_work_mem", "work_mem", "max_wal_size", "min_wal_size",
    )  # fmt: skip
    assert [settings[name] for name in names] == wanted
    assert settings["max_connections"] == "100"


def test_work_memory_shrinks_with_connections() -> None:
    # (16384-4096)/(2*400) = 15.36
    assert recommended_settings(16 * GIB, 4, 400)["work_mem"] == "15MB"


@pytest.mark.parametrize(
    ("processors", "workers", "parallel", "gather"),
    [(1, "8", "1", "1"), (2, "8", "2", "1"), (4, "8", "4", "2"), (8, "8", "8", "4"), (32, "32", "32", "4")],
)
def test_workers_follow_the_processors(processors: int, workers: str, parallel: str, gather: str) -> None:
    settings = recommended_settings(GIB, processors, 100)
    assert settings["max_worker_processes"] == workers
    assert settings["max_parallel_workers"] == parallel
    assert settings["max_parallel_workers_per_gather"] == gather


@pytest.mark.parametrize(
    ("memory_bytes", "processors", "connections", "said"),
    [
        (256 * MIB - 1, 4, 100, "needs at least 256 MiB"),
        (GIB, 0, 100, "must be at least 1"),
        (GIB, 4, 0, "must be at least 1"),
    ],
)
def test_refuses_hosts_that_cannot_be(memory_bytes: int, processors: int, connections: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        recommended_settings(memory_bytes, processors, connections)


def test_the_smallest_host_is_accepted() -> None:
    assert recommended_settings(256 * MIB, 1, 1)["shared_buffers"] == "64MB"
