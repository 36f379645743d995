"""What a hospital asks of the application, in a steady mix: pages, cases, lists, statistics, and new cases. docs/interface.en.md of the application."""

from __future__ import annotations

import json
import random
import re
import sys
from collections import deque
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

from traffic.exchange import FailedError, Request

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "reference_app" / "source"))
from trauma.case_generator import CaseGenerator

# Shares of the requests, as weights. `workload` reads a month of cases: by far the dearest, and long where the database is large.
KINDS: Mapping[str, float] = {
    "start_page": 4, "version": 8, "read_case": 31, "list_cases": 9, "triage_levels": 6, "registry_reports": 7, "workload": 0.2,
    "create_case": 23, "slow_create_case": 1, "add_step": 10.8,
}  # fmt: skip
WAYS: Mapping[str, float] = {"kept": 53, "quiet": 2, "new": 20, "http2": 25}
SLOW_PIECES, SLOW_PAUSE_SECONDS = 6, 0.6
CASE_NUMBER = re.compile(r"CS\d{4}-\d{7,}")
REMEMBERED_CASES = 500
DAYS = 300
HOSPITAL_TIME = timezone(timedelta(hours=8), "Asia/Shanghai")


class Mix:
    """Makes requests; the same seed makes the same ones, as long as the server gives the same answers."""

    def __init__(self, seed: int, kinds: Mapping[str, float] = KINDS, ways: Mapping[str, float] = WAYS) -> None:
        for given, known in ((kinds, KINDS), (ways, WAYS)):
            if unknown := sorted(set(given) - set(known)):
                raise ValueError(f"no such share: {', '.join(unknown)}; there are {', '.join(known)}")
            if not given or min(given.values()) < 0 or sum(given.values()) <= 0:
                raise ValueError("shares are weights: none below 0, and at least one above")
        self._random = random.Random(seed)  # noqa: S311 (a mix of requests is no secret)
        self._kinds, self._ways = _weighted(kinds), _weighted(ways)
        self._today = datetime.now(HOSPITAL_TIME).date()
        self._cases = CaseGenerator(seed, self._today)
        self._index = 0
        # Cases that were acknowledged: their numbers, and when the patient was triaged.
        self._known: deque[tuple[str, str]] = deque(maxlen=REMEMBERED_CASES)

    def next(self) -> tuple[Request, str]:
        """Return a request and the way it is to travel."""
        [kind] = self._random.choices(*self._kinds)
        [way] = self._random.choices(*self._ways)
        if kind in ("read_case", "add_step") and not self._known:
            kind = "version"  # until the first case has been acknowledged
        request: Request = getattr(self, f"_{kind}")()
        return request, way

    def _day(self) -> date:
        return self._today - timedelta(days=self._random.randrange(DAYS))

    def _start_page(self) -> Request:
        return Request("start_page", "GET", "/", judge=_whole_page)

    def _version(self) -> Request:
        return Request("version", "GET", "/version", judge=partial(_holds, "version"))

    def _read_case(self) -> Request:
        number, _triaged = self._random.choice(self._known)
        return Request("read_case", "GET", f"/api/cases/{number}", judge=partial(_is_case, number))

    def _list_cases(self) -> Request:
        day = self._day()
        return Request("list_cases", "GET", f"/api/cases?from={day}&to={day}&limit=50", judge=partial(_holds, "cases"))

    def _triage_levels(self) -> Request:
        day = self._day()
        return Request(
            "triage_levels", "GET", f"/api/triage/levels?from={day}&to={day}", judge=partial(_holds, "levels")
        )

    def _registry_reports(self) -> Request:
        return Request("registry_reports", "GET", "/api/registry/reports?limit=50", judge=partial(_holds, "reports"))

    def _workload(self) -> Request:
        day = self._day()
        return Request(
            "workload", "GET", f"/api/statistics/workload?from={day}&to={day}", judge=partial(_holds, "months")
        )

    def _create_case(self, pieces: int = 1) -> Request:
        self._index += 1
        document = self._cases.case(self._index)
        body = json.dumps(document, ensure_ascii=False).encode()
        return Request(
            "create_case" if pieces == 1 else "slow_create_case", "POST", "/api/cases", 201, body, pieces, SLOW_PAUSE_SECONDS,
            partial(self._acknowledged, document["triage"]["triaged_at"]),
        )  # fmt: skip

    def _slow_create_case(self) -> Request:
        return self._create_case(SLOW_PIECES)

    def _add_step(self) -> Request:
        number, triaged = self._random.choice(self._known)
        step = {"kind": "手术", "started_at": triaged, "finished_at": None, "note": "load"}
        body = json.dumps(step, ensure_ascii=False).encode()
        return Request(
            "add_step", "POST", f"/api/cases/{number}/treatment-steps", 201, body, judge=partial(_is_step, number)
        )

    def _acknowledged(self, triaged: str, body: bytes) -> str:
        number = _object(body).get("case_number")
        if not isinstance(number, str) or not CASE_NUMBER.fullmatch(number):
            raise FailedError("answer is not what it must be (no case number)")
        self._known.append((number, triaged))
        return number


def _weighted(shares: Mapping[str, float]) -> tuple[list[str], list[float]]:
    return list(shares), list(shares.values())


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise FailedError("answer is not what it must be (no JSON object)")
    return value


def _whole_page(body: bytes) -> None:
    if b"</html>" not in body:
        raise FailedError("answer is not what it must be (no whole page)")


def _holds(key: str, body: bytes) -> None:
    if key not in _object(body):
        raise FailedError(f"answer is not what it must be (no {key!r})")


def _is_case(number: str, body: bytes) -> None:
    if _object(body).get("case_number") != number:
        raise FailedError("answer is not what it must be (another case)")


def _is_step(number: str, body: bytes) -> str:
    """Return the id of the step: the case's number and its place in the case."""
    answer = _object(body)
    if answer.get("case_number") != number or not isinstance(answer.get("step_number"), int):
        raise FailedError("answer is not what it must be (another case's step)")
    return f"{number}/{answer['step_number']}"
