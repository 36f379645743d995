"""The filter `deploy_problems`, as Ansible calls it."""

from __future__ import annotations

from ansible_collections.traumalink.ops.plugins.filter.deploy_problems import FilterModule

FILTER = FilterModule().filters()["deploy_problems"]
SITE = {"edge": ["e"], "app": ["a"], "db": ["d"], "ops": ["o"]}


def test_gives_the_problems() -> None:
    assert FILTER(SITE, ["e", "a", "d", "o"], {"deploy_archive": "/srv/x.tar.gz"}) == []
    assert len(FILTER(SITE, ["e", "d", "o"], {"deploy_archive": "x.tar.gz"})) == 2
