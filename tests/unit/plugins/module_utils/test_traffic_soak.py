"""A release under traffic: what real requests show ends the watch at once, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import RELEASE_FAULT
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_figures import Figures, Look, Traffic
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_runtime import Backend, HaproxyError, Server
from ansible_collections.traumalink.ops.plugins.module_utils.traffic import TrafficLimits
from ansible_collections.traumalink.ops.plugins.module_utils.traffic_soak import Soak, SoakError

SERVER = Server("app1-green", "ready", "UP", True, True, "L7OK, 200", 0)
BEFORE = Traffic(5000, 0, 0.02)


class Edge:
    """HAProxy under a steady load: a hundred requests a second, and what happens to it from which second on."""

    def __init__(self, change: Callable[[Backend, float], Backend] = lambda backend, _now: backend) -> None:
        self.now, self.change = 0.0, change

    def __call__(self) -> Backend:
        figures = Figures(requests=int(100 * self.now), http_2xx=int(100 * self.now), response_seconds=0.02)
        server = replace(SERVER, figures=figures)
        whole = replace(
            figures, requests=3 * figures.requests, http_2xx=3 * figures.http_2xx
        )  # other hosts serve as well
        return self.change(Backend("application", 7, 60, {"app1-green": server}, whole), self.now)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def soak(edge: Edge, sick: Callable[[float], Sequence[str]] = lambda _now: ()) -> Soak:
    """Return a watch of a minute."""
    site = Look(7, Figures(), whole_backend=True), Traffic(15_000, 0, 0.02)
    return Soak(
        "app1-green", edge, lambda: sick(edge.now), BEFORE, *site, TrafficLimits(), 60, lambda: edge.now, edge.sleep
    )


def server(backend: Backend, **changes: object) -> Backend:
    """Return the backend with a changed server."""
    return replace(backend, servers={"app1-green": replace(backend.servers["app1-green"], **changes)})  # type: ignore[arg-type]


def test_what_fares_well_is_watched_to_the_end() -> None:
    found = soak(Edge()).run()
    assert (found.seconds, found.looks) == (60, 30)
    assert (found.traffic.requests, found.traffic.failed) == (6000, 0)


def failing(backend: Backend, now: float) -> Backend:
    figures = backend.servers["app1-green"].figures
    failed = int(30 * max(now - 20, 0))
    return server(backend, figures=replace(figures, http_5xx=failed, http_2xx=figures.http_2xx - failed))


def slow(backend: Backend, now: float) -> Backend:
    figures = backend.servers["app1-green"].figures
    return server(backend, figures=replace(figures, response_seconds=0.02 if now < 20 else 0.9))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (failing, r"after 2\d s under traffic: app1-green failed \d+ of \d+ requests"),
        (slow, r"app1-green answers after 0\.\d+ s on average"),
        (
            lambda backend, now: (
                server(backend, running=now < 20, status="DOWN", check="L4CON") if now >= 20 else backend
            ),
            r"HAProxy has app1-green as DOWN \(L4CON\)",
        ),
        (lambda backend, now: replace(backend, process_id=8 if now > 30 else 7), "HAProxy was restarted or reloaded"),
    ],
    ids=["requests fail", "requests are slow", "server is down", "HAProxy is restarted"],
)
def test_what_real_requests_show_ends_it_at_once(change: Callable[[Backend, float], Backend], said: str) -> None:
    edge = Edge(change)
    with pytest.raises(SoakError, match=said) as ended:
        soak(edge).run()
    assert edge.now < 60
    assert ended.value.code == ("" if "HAProxy was" in said else RELEASE_FAULT)


def shut_out(backend: Backend, now: float) -> Backend:
    """HAProxy answers some browsers itself, and leads the others to servers that fare well."""
    failed = int(30 * max(now - 20, 0))
    return replace(
        backend, figures=replace(backend.figures, http_5xx=failed, requests=backend.figures.requests + failed)
    )


def test_what_browsers_get_ends_it_though_the_server_fares_well_and_is_not_held_against_the_release() -> None:
    edge = Edge(shut_out)
    with pytest.raises(
        SoakError, match=r"after 2\d s under traffic: The whole site failed \d+ of \d+ requests"
    ) as ended:
        soak(edge).run()
    assert edge.now < 60
    assert ended.value.code == ""


def test_failures_before_traffic_was_led_there_do_not_count() -> None:
    edge = Edge(lambda backend, _now: replace(backend, figures=replace(backend.figures, http_5xx=500)))
    watch = replace(soak(edge), site_start=Look(7, Figures(http_5xx=500), whole_backend=True))
    assert watch.run().looks == 30


def test_a_module_that_stays_sick_ends_it() -> None:
    edge = Edge()
    with pytest.raises(SoakError, match="after 12 s under traffic: triage is unhealthy"):
        soak(edge, lambda now: ["triage is unhealthy: no database."] if now >= 10 else []).run()


def test_one_odd_answer_is_asked_again() -> None:
    assert soak(Edge(), lambda now: ["triage is unreachable: reset."] if now == 10 else []).run().looks == 30


def test_it_does_not_end_while_a_module_is_sick() -> None:
    edge = Edge()
    assert soak(edge, lambda now: ["triage is unreachable: reset."] if now == 60 else []).run().looks == 31


def test_a_server_that_haproxy_does_not_know_is_told() -> None:
    with pytest.raises(HaproxyError, match="no server app1-green"):
        soak(Edge(lambda backend, _now: replace(backend, servers={}))).run()
