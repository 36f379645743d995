# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL settings that follow from the host: one pure function, each figure with its source."""

from __future__ import annotations

import os

__all__ = ["MEBIBYTE", "host_memory_bytes", "max_wal_size_bytes", "recommended_settings"]

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE


def recommended_settings(memory_bytes: int, processors: int, max_connections: int) -> dict[str, str]:
    """Return memory and WAL settings for a host that PostgreSQL has mostly to itself.

    Args:
        memory_bytes: memory that PostgreSQL may count on.
        processors: processor cores of the host.
        max_connections: connections that the server admits.

    Sources, all from the PostgreSQL documentation, chapter "Server Configuration" (20.4 Resource Consumption,
    20.5 Write Ahead Log, 20.7 Query Planning), and its community's wiki page "Tuning Your PostgreSQL Server":
    shared_buffers a quarter of memory; effective_cache_size three quarters; maintenance_work_mem a sixteenth up to 1 GiB, since several
    autovacuum workers may each take as much; work_mem so that every connection could sort at once within the
    memory that shared_buffers leaves, halved because one query may use it more than once, 4 MiB (the server's default) at
    the least; max_wal_size wide enough that checkpoints come by time rather than by volume.
    """
    if memory_bytes < 256 * MEBIBYTE:
        raise ValueError(f"memory_bytes is {memory_bytes}; PostgreSQL needs at least 256 MiB ({256 * MEBIBYTE})")
    if processors < 1 or max_connections < 1:
        raise ValueError("processors and max_connections must be at least 1")
    shared_buffers = memory_bytes // 4
    work_mem = max((memory_bytes - shared_buffers) // (max_connections * 2), 4 * MEBIBYTE)
    max_wal_size = max_wal_size_bytes(memory_bytes)
    return {
        "max_connections": str(max_connections),
        "shared_buffers": megabytes(shared_buffers),
        "effective_cache_size": megabytes(memory_bytes * 3 // 4),
        "maintenance_work_mem": megabytes(min(memory_bytes // 16, GIBIBYTE)),
        "work_mem": megabytes(work_mem),
        "max_wal_size": megabytes(max_wal_size),
        "min_wal_size": megabytes(max_wal_size // 4),
        "max_worker_processes": str(max(8, processors)),
        "max_parallel_workers": str(processors),
        "max_parallel_workers_per_gather": str(min(4, max(1, processors // 2))),
    }


def max_wal_size_bytes(memory_bytes: int) -> int:
    """Return how much WAL may lie between two checkpoints, in bytes: a quarter of memory, from 1 to 16 GiB."""
    return min(max(memory_bytes // 4, GIBIBYTE), 16 * GIBIBYTE)


def host_memory_bytes() -> int:
    """Return the host's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def megabytes(size_bytes: int) -> str:
    """Return a size as PostgreSQL writes it, in whole mebibytes (its unit MB)."""
    return f"{size_bytes // MEBIBYTE}MB"
