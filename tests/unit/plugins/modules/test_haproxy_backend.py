"""The Ansible module `haproxy_backend`: what it makes of its arguments, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import run as real_run
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_backend import Outcome, StillRunningError, Wanted
from ansible_collections.traumalink.ops.plugins.modules import haproxy_backend
from haproxy import BLUE, GREEN, FakeLab

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLab]:
    """Give HAProxy's stand-in in place of this host's."""
    lab = FakeLab("2.6")
    given = haproxy_backend.edge_of

    def edge_of(arguments: dict[str, Any]) -> Any:
        edge = given(arguments)
        assert edge.runner is real_run
        own = lab.edge
        service = replace(edge.service, stamps=own.service.stamps)
        return replace(own, configuration=edge.configuration, service=service)

    monkeypatch.setattr(haproxy_backend, "edge_of", edge_of)
    yield lab
    lab.close()


def switch(lab: FakeLab, run_module: Run, check: bool = False, **arguments: Any) -> dict[str, Any]:
    """Call the module for a lab."""
    paths = {"configuration": str(lab.configuration), "files": [str(lab.configuration)]}
    return run_module(haproxy_backend.main, check, **paths, **arguments)


def test_leads_traffic_and_says_how_it_is(lab: FakeLab, run_module: Run) -> None:
    result = switch(lab, run_module, in_service=[GREEN], out_of_service=[BLUE])
    assert result["changed"]
    assert result["steps"] == [f"write {lab.configuration}", f"ready {GREEN}", f"maint {BLUE}"]
    assert (result["still_running"], result["cut"]) == ({}, {})
    assert {name: server["mode"] for name, server in result["servers"].items()} == {BLUE: "maint", GREEN: "ready"}
    assert not switch(lab, run_module, in_service=[GREEN], out_of_service=[BLUE])["changed"]


def test_check_mode_shows_what_would_be(lab: FakeLab, run_module: Run) -> None:
    result = switch(lab, run_module, True, maintenance=True)
    assert result["changed"]
    assert [each["after_header"] for each in result["diff"]] == [str(lab.configuration), "running backend application"]
    assert lab.modes()[BLUE] == "ready"


def test_a_failure_tells_what_still_runs(lab: FakeLab, run_module: Run) -> None:
    lab.hold_request(BLUE)
    result = switch(lab, run_module, in_service=[GREEN], out_of_service=[BLUE], drain_seconds=1)
    assert result["failed"]
    assert result["msg"].startswith("After 1 s requests are still running: 1 on app1-blue (")
    assert result["still_running"] == {BLUE: 1}
    assert result["servers"][BLUE]["in_flight"] == 1


def test_hands_over_every_argument(run_module: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def bring(wanted: Wanted, edge: Any, outcome: Outcome, *, check: bool) -> None:
        seen.extend([wanted, edge, check])
        outcome.cut = {"a": 3}
        raise StillRunningError("still")

    monkeypatch.setattr(haproxy_backend, "bring", bring)
    result = run_module(
        haproxy_backend.main, True, backend="b", in_service=["a"], out_of_service=["c"], maintenance=True, healthy_seconds=1.5,
        drain_seconds=2, when_still_running="cut", configuration="/x.cfg", files=["/x.cfg", "/y"]
    )  # fmt: skip
    wanted, edge, check = seen
    assert wanted == Wanted("b", ["a"], ["c"], True, 1.5, 2, "cut")
    assert (edge.configuration, edge.service.name, edge.service.on_change) == (
        Path("/x.cfg"),
        "haproxy.service",
        "reload",
    )
    assert edge.service.files == [Path("/x.cfg"), Path("/y")]
    assert edge.haproxy.admin.path == Path("/run/haproxy/admin.sock")
    assert edge.haproxy.master.path == Path("/run/haproxy-master.sock")
    assert check
    assert (result["msg"], result["cut"]) == ("still", {"a": 3})


def test_knows_three_ways_with_requests_that_still_run(run_module: Run) -> None:
    result = run_module(haproxy_backend.main, files=["/x"], when_still_running="kill")
    assert "value of when_still_running must be one of: fail, leave, cut" in result["msg"]
