"""What is refused before a deployment begins, because it could not end well."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.deployment import deploy_problems, migration_kinds

SITE = {"edge": ["edge1"], "app": ["app1", "app2"], "db": ["db1"], "ops": ["ops1"]}
ALL = ["edge1", "app1", "app2", "db1", "ops1"]
ARCHIVE = {"deploy_archive": "/srv/releases/trauma-1.0.0.tar.gz"}


@pytest.mark.parametrize(
    ("hosts", "left_out"),
    [
        (ALL, None),
        (["db1", "ops1"], None),  # HAProxy's configuration is not written
        (["db1", "ops1", "app1"], None),
        (["edge1", "db1", "ops1"], "app1 and app2"),
        (["edge1", "app1", "db1", "ops1"], "app2"),
    ],
)
def test_haproxy_learns_of_every_app_host_or_of_none(hosts: list[str], left_out: str | None) -> None:
    wanted = [] if left_out is None else [
        f"This run leaves out {left_out} and takes in edge1, where HAProxy must be told the slot of every app host; run without --limit, or "
        "leave out the edge hosts too."
    ]  # fmt: skip
    assert deploy_problems(SITE, hosts, ARCHIVE) == wanted


@pytest.mark.parametrize("path", ["trauma-1.0.0.tar.gz", "releases/trauma-1.0.0.tar.gz", "~/trauma-1.0.0.tar.gz"])
def test_a_path_says_by_itself_where_the_release_lies(path: str) -> None:
    (problem,) = deploy_problems(SITE, ALL, {**ARCHIVE, "deploy_signature": path})
    assert problem == (
        f"deploy_signature is '{path}', which is not an absolute path; give it whole, as in /srv/releases/trauma-1.0.0.tar.gz."
    )


def test_all_problems_are_told_at_once() -> None:
    assert len(deploy_problems(SITE, ["edge1"], {"deploy_archive": "x", "deploy_signature": "x.sig"})) == 3


BARE = {"register": {"current": None}}
RUNS = {"register": {"current": {"version": "1.1.0", "slot": "blue"}}}


@pytest.mark.parametrize(
    ("answers", "ends_the_way_back"),
    [
        ([BARE, BARE], True),
        ([RUNS, RUNS], False),
        ([BARE, RUNS], False),  # the first was installed anew
        ([BARE, {}], False),  # the second took no part
        ([BARE, {"skipped": True}], False),
        ([], False),
    ],
)
def test_only_the_first_release_of_a_site_brings_what_ends_the_way_back(
    answers: list[dict[str, Any]], ends_the_way_back: bool
) -> None:
    assert migration_kinds(answers) == ["expand", *(["contract", "breaking"] if ends_the_way_back else [])]
