"""A run's recording: JSON Lines, one for each request, between a first line with the settings and a last one that says that the run ended in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

FLUSH_SECONDS = 0.5  # so that a kill loses less than a second


@dataclass(frozen=True, slots=True)
class Record:
    """One request; times are seconds since the epoch. Attributes: those of `client.Outcome`, and

    kind, way: what was asked, and how it travelled (`client.WAYS`); due: when it had to be sent, by the schedule.
    """

    kind: str
    way: str
    due: float
    begun: float
    done: float
    sent: float | None = None
    paused: float = 0.0
    reused: bool = False
    found_closed: int = 0
    resent: bool = False
    status: int | None = None
    error: str | None = None
    detail: str = ""
    id: str | None = None

    @property
    def latency_seconds(self) -> float:
        """From when it was due until its fate was known, less what the client paused itself."""
        return self.done - self.due - self.paused

    def line(self) -> str:
        """Return it as a line of JSON, without what says nothing."""
        values = ((name, getattr(self, name)) for name in NAMES)
        shown = {name: round(value, 6) if isinstance(value, float) else value for name, value in values if value}
        return json.dumps(shown, ensure_ascii=False)


NAMES = tuple(field.name for field in fields(Record))


@dataclass(frozen=True)
class Recording:
    """What a run left behind.

    Attributes:
        settings: as the run was told; requests: in the order in which they ended.
        complete: the run waited for all its requests and said so; False after a kill, when those in flight are unknown.
    """

    settings: dict[str, Any]
    requests: tuple[Record, ...]
    complete: bool


def read(path: Path) -> Recording:
    """Read a recording; a last line that was cut off by a kill is left out.

    Raises:
        ValueError: a line in the middle is not what this program writes.
    """
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    settings: dict[str, Any] = {}
    requests: list[Record] = []
    complete = False
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            values = json.loads(line)
            if "settings" in values:
                settings = values["settings"]
            elif "ended" in values:
                complete = values["requests"] == len(requests)
            else:
                requests.append(Record(**values))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}:{number} is not a line of a recording: {error}") from error
    return Recording(settings, tuple(requests), complete)


class Recorder:
    """Writes lines twice a second, beside the event loop: a slow disk delays no request."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = path.open("w", encoding="utf-8")
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        """Take a line; it is in the file within `FLUSH_SECONDS`."""
        self._lines.append(line)

    def _write(self, lines: Iterable[str]) -> None:
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()

    async def keep_writing(self) -> None:
        """Write what comes, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            lines, self._lines = self._lines, []
            if lines:
                await asyncio.shield(asyncio.to_thread(self._write, lines))

    def close(self) -> None:
        """Write the rest and close the file."""
        self._write(self._lines)
        self._stream.close()
