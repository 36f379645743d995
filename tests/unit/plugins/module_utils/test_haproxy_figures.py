"""Figures of real traffic, and what they say of a time between two looks; the means are compared with the requests themselves."""

from __future__ import annotations

import random
import shutil
from dataclasses import asdict, replace
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_figures import (
    SAMPLES,
    Figures,
    Look,
    Traffic,
    figures_of,
    look_of,
    traffic_between,
)
from haproxy import BLUE, GREEN, RealLab

START = Figures(requests=100, http_2xx=90, http_5xx=2, response_errors=1, connection_errors=4, response_seconds=0.1)


def test_reads_haproxy_s_columns_and_milliseconds() -> None:
    columns = "hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other econ eresp cli_abrt wretr wredis downtime qtime ctime rtime ttime"
    row = {"req_tot": "1", **{column: str(number) for number, column in enumerate(columns.split(), 2)}}
    assert list(asdict(figures_of(row)).values()) == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13,
        0.014,
        0.015,
        0.016,
        0.017,
    ]
    assert figures_of({"req_tot": ""}) == Figures()


def test_of_a_server_what_got_no_answer_is_a_failed_request() -> None:
    end = replace(
        START, requests=140, http_2xx=120, http_5xx=5, response_errors=3, connection_errors=9, client_aborts=7
    )
    assert traffic_between(Look(1, START), Look(1, end)) == Traffic(47, 10, 0.1)


def test_of_a_backend_what_browsers_got_counts() -> None:
    end = replace(START, requests=140, http_5xx=5, response_errors=3, connection_errors=9)
    found = traffic_between(Look(1, START, True), Look(1, end, True))
    assert (found.requests, found.failed, found.failed_share) == (40, 3, 0.075)


@pytest.mark.parametrize(
    ("start_process", "end", "requests"),
    [
        (1, replace(START, requests=30, http_5xx=1, response_errors=0, connection_errors=0), 30),
        (2, replace(START, requests=300), 305),  # a reload: more requests than before by chance
    ],
)
def test_counters_that_began_anew_are_recognised(start_process: int, end: Figures, requests: int) -> None:
    found = traffic_between(Look(start_process, START), Look(1, end))
    assert found.began_anew
    assert found.requests == requests
    assert found.response_seconds == 0.1


def test_without_requests_there_is_no_mean_and_no_share() -> None:
    assert traffic_between(Look(1, START), Look(1, START)) == Traffic(0, 0, None, False)
    assert Traffic(0, 0, None).failed_share == 0
    assert Traffic(2, 5, None).failed_share == 1  # 3.0 counts each retry of an unanswered request


class Counter:
    """A server's sum of response times, as HAProxy keeps it (swrate_add_dynamic): a plain sum up to 512 requests, then a sliding one."""

    def __init__(self) -> None:
        self.requests = 0
        self.sum = 0

    def add(self, milliseconds: int) -> None:
        self.requests += 1
        window = SAMPLES if self.requests > SAMPLES else 0
        self.sum += milliseconds - ((self.sum + window - 1) // window if window else 0)

    def look(self) -> Look:
        window = min(self.requests, SAMPLES) or 1
        milliseconds = (self.sum + window - 1) // window
        return Look(1, Figures(requests=self.requests, http_2xx=self.requests, response_seconds=milliseconds / 1000))


@pytest.mark.parametrize("before", [0, 40, 400, 600, 5000])
@pytest.mark.parametrize("between", [50, 300, 2000])
def test_the_mean_is_that_of_the_requests_in_between(before: int, between: int) -> None:
    counter, chance = Counter(), random.Random(7)  # noqa: S311 - chance that is the same in every run
    for _ in range(before):
        counter.add(chance.randint(10, 50))
    start = counter.look()
    for _ in range(between):
        counter.add(chance.randint(150, 250))
    found = traffic_between(start, counter.look())
    assert found.response_seconds == pytest.approx(0.2, abs=0.02)


def test_looks_come_from_the_module_s_result() -> None:
    result = {
        "process_id": 7, "figures": asdict(START), "servers": {BLUE: {"mode": "ready", "figures": asdict(Figures(requests=3))}}
    }  # fmt: skip
    assert look_of(result, None) == Look(7, START, True)
    assert look_of(result, BLUE) == Look(7, Figures(requests=3))
    for wrong, server in ((result, GREEN), ({}, None), ({"figures": None, "process_id": 1}, None)):
        with pytest.raises(
            ValueError, match=f"these are no figures of {server or 'a backend'} by haproxy_backend_info"
        ):
            look_of(wrong, server)


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="this machine has no haproxy")
def test_real_traffic_through_the_real_haproxy() -> None:
    lab = RealLab()

    def look(server: str | None) -> Look:
        found = lab.haproxy.backend("application")
        figures = found.figures if server is None else found.servers[server].figures
        return Look(found.process_id, figures, server is None)

    try:
        for _ in range(600):
            lab.get("/")
        start: Any = {name: look(name) for name in (BLUE, GREEN, None)}
        for number in range(100):
            lab.get("/fail" if number % 20 == 0 else "/wait/0.05")
        found = {name: traffic_between(start[name], look(name)) for name in (BLUE, GREEN, None)}
        assert (found[BLUE].requests, found[BLUE].failed, found[BLUE].began_anew) == (100, 5, False)
        assert (found[None].requests, found[None].failed) == (100, 5)
        assert found[GREEN] == Traffic(0, 0, None)
        assert found[BLUE].response_seconds is not None
        assert found[BLUE].response_seconds > 0.04  # 95 of them took 50 ms at least
        lab.stop_application(BLUE)
        lab.get("/")
        assert traffic_between(start[None], look(None)).failed == 6
        lab.restart()
        lab.get("/")
        assert traffic_between(start[None], look(None)).began_anew
    finally:
        lab.close()
