"""A patch plan is one text with one SHA-256, and what the site is now is compared with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.plugin_utils.patch_plan import (
    PlanError,
    differences,
    new_plan,
    plan_text,
    read_plan,
    remaining,
    sha256,
)

NOW = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)


def update(name: str, installed: str = "1", candidate: str = "2") -> dict[str, Any]:
    """Return one update as a host tells it."""
    return {
        "name": name,
        "architecture": "amd64",
        "installed": installed,
        "candidate": candidate,
        "way_back": "",
        "step": "system",
        "cve": [],
    }


def host(
    *updates: dict[str, Any], packages: dict[str, str] | None = None, broken: list[str] | None = None
) -> dict[str, Any]:
    """Return what a host tells."""
    return {"updates": list(updates), "packages": packages or {}, "broken": broken or []}


def plan(**hosts: dict[str, Any]) -> dict[str, Any]:
    """Return a plan."""
    return new_plan("my_hospital", hosts, {"scope": "security", "reboot": "if_required"}, None, NOW)


def test_the_same_content_is_the_same_text_whatever_its_order() -> None:
    one, two = plan(app1=host(update("a")), db1=host()), plan(db1=host(), app1=host(update("a")))
    assert plan_text(one) == plan_text(two)
    assert sha256(plan_text(one)) != sha256(plan_text(plan(app1=host(update("b")), db1=host())))


def test_a_plan_comes_back_from_its_file_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(plan_text(plan(app1=host(update("a")))), encoding="utf-8")
    assert read_plan(file, "my_hospital")["hosts"]["app1"]["updates"] == [update("a")]
    with pytest.raises(PlanError, match="is of my_hospital, this is other"):
        read_plan(file, "other")
    file.write_text(file.read_text(encoding="utf-8").replace('","', '", "'), encoding="utf-8")
    with pytest.raises(PlanError, match="is no patch plan"):
        read_plan(file, "my_hospital")
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path / "none.json", "my_hospital")


def test_nothing_is_planned_over_half_configured_packages() -> None:
    with pytest.raises(PlanError, match=r"app1: dpkg was interrupted\. Run dpkg --configure -a there"):
        plan(app1=host(broken=["dpkg was interrupted"]))


def test_a_site_that_is_as_approved_can_be_patched() -> None:
    assert differences(plan(app1=host(update("a"))), {"app1": host(update("a"))}) == []


def test_what_was_installed_as_approved_since_is_no_difference_and_the_rest_remains() -> None:
    approved = plan(app1=host(update("a"), update("b")))
    now = host(update("b"), packages={"a": "2", "b": "1"})
    assert differences(approved, {"app1": now}) == []
    change = {"name": "b", "architecture": "amd64", "installed": "1", "candidate": "2", "way_back": ""}
    assert remaining(approved["hosts"]["app1"], now) == {"system": [change], "pgbackrest": [], "postgresql": []}


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (host(update("a", "1", "3")), "app1: a would go 1 → 3, approved was 1 → 2"),
        (host(update("a"), update("new", "", "1")), "app1: new not installed → 1 was not in the plan"),
        (host(packages={"a": "1"}), "app1: a 2 is not offered any more, 1 is there"),
        (host(packages={"a": "3"}), "app1: a 2 is not offered any more, 3 is there"),
    ],
)
def test_what_changed_since_is_said(now: dict[str, Any], said: str) -> None:
    assert differences(plan(app1=host(update("a"))), {"app1": now}) == [said]


def test_a_host_that_nobody_planned_for_is_said_and_one_that_is_left_out_of_the_run_is_not() -> None:
    approved = plan(app1=host(), db1=host(update("a")))
    assert differences(approved, {"app1": host(), "app2": host()}) == ["app2 is not in the plan"]


def test_half_configured_packages_are_completed_before_they_are_compared() -> None:
    assert differences(plan(app1=host(update("a"))), {"app1": host(broken=["x"])}) == []
