"""A gunicorn worker that outlives clients that have gone."""

from __future__ import annotations

import ssl
from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no type information
    """A threaded worker that goes on when a client has gone before its TLS began, in good order or not.

    gunicorn's own ends then, so a proxy's connections that had waited too long take one worker after another (seen on 20.1 with Python 3.11: a surge
    that lasted ten seconds, and an application that served nobody for as long as anybody asked).
    """

    def accept(self, server: Any, listener: Any) -> None:
        """Take one connection."""
        try:
            super().accept(server, listener)
        except (ssl.SSLError, ConnectionError) as error:
            self.nr_conns -= 1  # it was counted, and nothing else will take it off
            self.log.debug("a client has gone: %s", error)
