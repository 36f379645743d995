"""The filter `site_problems`, as Ansible calls it."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.filter.site_problems import FilterModule

FILTER = FilterModule().filters()["site_problems"]
SITE = {"edge": ["a"], "app": ["a"], "db": ["d"], "ops": ["o"]}


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ((SITE, "example_hospital"), 0),
        ((SITE,), 1),
        ((SITE, None), 1),
        (({}, "Example"), 5),
        ((SITE, "example_hospital", "x"), 1),
    ],
)
def test_gives_the_problems(arguments: tuple[object, ...], count: int) -> None:
    problems = FILTER(*arguments)
    assert len(problems) == count
    assert all(isinstance(problem, str) for problem in problems)
