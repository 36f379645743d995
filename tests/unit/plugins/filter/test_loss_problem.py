"""The filter `loss_problem`, as Ansible calls it."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.filter.loss_problem import FilterModule

FILTER = FilterModule().filters()["loss_problem"]
PLACE = {
    "site": "lab", "database_host": "db1", "data_directory": "/data", "repository_host": "ops1", "stanza": "main"
}  # fmt: skip


@pytest.mark.parametrize(("confirmed", "refused"), [(False, True), (True, False)])
def test_passes_what_it_is_given(confirmed: bool, refused: bool) -> None:
    data, repository = {"exists": False, "restore": "none"}, {"exists": True, "newest": None, "wal_max": None}
    problem = FILTER(data, repository, confirmed=confirmed, **PLACE)
    assert bool(problem) is refused
    assert not refused or "db1 has no data in /data, but the repository on ops1 knows a database of main" in problem
