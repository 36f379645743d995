"""Sends requests by the clock: each is due at its own time, whether or not the ones before it have been answered."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from traffic.client import Client, Outcome
from traffic.exchange import Request
from traffic.mix import Mix
from traffic.record import Record, Recorder
from traffic.summary import percentile

LIVE_SECONDS = 5.0
HEAD_START_SECONDS = 0.2  # between the start and the first request


@dataclass
class Generator:
    """One run.

    Attributes:
        per_second: requests that are due in a second; most_seconds: after that the run ends by itself.
        tell: takes a line of figures every `LIVE_SECONDS`.
    """

    client: Client
    mix: Mix
    recorder: Recorder
    per_second: float
    most_seconds: float
    tell: Callable[[str], None]

    def __post_init__(self) -> None:
        self.failed = 0
        self._ended = 0
        self._stopped = False
        self._since: list[Record] = []
        self._flying: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Send no more; the run ends when what is in flight has ended."""
        self._stopped = True

    async def run(self) -> None:
        """Send until stopped or until the time is over, wait for what is in flight, and close the recording in order."""
        loop = asyncio.get_running_loop()
        self._epoch = time.time() - loop.time()  # one step of the wall clock in the middle would break every latency
        helpers = [loop.create_task(self.recorder.keep_writing()), loop.create_task(self._keep_telling())]
        gc.freeze()  # what is loaded stays: the collector need not look at it again
        start = loop.time() + HEAD_START_SECONDS
        number = 0
        try:
            while not self._stopped and number < self.per_second * self.most_seconds:
                due = start + number / self.per_second
                if (wait := due - loop.time()) > 0:
                    await asyncio.sleep(wait)
                    continue  # so that a stop in the meantime is seen
                request, way = self.mix.next()
                task = loop.create_task(self._send(request, way, due))
                self._flying.add(task)
                task.add_done_callback(self._flying.discard)
                number += 1
                if not number % 50:
                    await asyncio.sleep(0)  # far behind: those that were begun need their turn, too
            await asyncio.gather(*self._flying)
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
        self.client.close()
        self.recorder.add(json.dumps({"ended": round(time.time(), 6), "requests": self._ended}))
        self.recorder.close()

    async def _send(self, request: Request, way: str, due: float) -> None:
        record = self._record(request, way, due, await self.client.send(request, way, due))
        self.recorder.add(record.line())
        self._since.append(record)
        self._ended += 1
        self.failed += record.error is not None

    def _record(self, request: Request, way: str, due: float, outcome: Outcome) -> Record:
        epoch = self._epoch
        return Record(
            kind=request.kind, way=way, due=epoch + due, begun=epoch + outcome.begun, done=epoch + outcome.done,
            sent=None if outcome.sent is None else epoch + outcome.sent, paused=outcome.paused_seconds,
            reused=outcome.reused, found_closed=outcome.found_closed, resent=outcome.resent,
            status=outcome.status, error=outcome.error, detail=outcome.detail, id=outcome.id,
        )  # fmt: skip

    async def _keep_telling(self) -> None:
        opened = 0
        while True:
            await asyncio.sleep(LIVE_SECONDS)
            records, self._since = self._since, []
            self.tell(self._figures(records, self.client.opened - opened))
            opened = self.client.opened

    def _figures(self, records: list[Record], opened: int) -> str:
        latencies = sorted(record.latency_seconds for record in records if record.error is None)
        failures = [record.error for record in records if record.error is not None]
        late = max((record.begun - record.due for record in records), default=0.0)
        line = (
            f"{time.strftime('%H:%M:%S')}  {len(records) / LIVE_SECONDS:6.1f} requests/s  {len(failures)} failed ({self.failed} in all)  "
            f"p50 {percentile(latencies, 50) * 1000:.0f} ms  p99 {percentile(latencies, 99) * 1000:.0f} ms  "
            f"{len(self._flying)} in flight  {opened} connections made  at most {late * 1000:.0f} ms late"
        )
        return f"{line}  ({failures[0]})" if failures else line
