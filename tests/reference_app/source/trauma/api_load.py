"""Posts generated cases over the interface: `python3 -m trauma.api_load --url https://… --ca … --first N --count M`.

One JSON line on stdout for each accepted case, one on stderr for each that failed. Standard library only.
"""

from __future__ import annotations

import argparse
import http.client
import json
import ssl
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

from trauma import validation
from trauma.case_document import CaseDocument
from trauma.case_generator import CaseGenerator
from trauma.case_rows import document_iss
from trauma.vocabulary import SEVERE_FROM_ISS


class Client:
    """One keep-alive connection that is opened again after a failure."""

    def __init__(self, url: str, context: ssl.SSLContext | None, timeout_seconds: float) -> None:
        parts = urlsplit(url)
        if parts.scheme == "https":
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.netloc, timeout=timeout_seconds, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(parts.netloc, timeout=timeout_seconds)
        self._path = parts.path.rstrip("/") + "/api/cases"

    def post(self, document: CaseDocument) -> tuple[int, dict[str, Any]]:
        """Status and answer of one case. Raises `OSError` or `http.client.HTTPException`."""
        body = json.dumps(document).encode()
        try:
            self._connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = None
        return response.status, answer if isinstance(answer, dict) else {"body": raw[:200].decode(errors="replace")}


def chosen(generator: CaseGenerator, first: int, count: int, *, minor_only: bool) -> Iterator[tuple[int, CaseDocument]]:
    """`count` cases with their indexes, from `first` on; with `minor_only` severe ones are passed over."""
    index = first
    while count > 0:
        document = generator.case(index)
        if not minor_only or document_iss(document) < SEVERE_FROM_ISS:
            yield index, document
            count -= 1
        index += 1


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def post_all(client: Client, options: argparse.Namespace) -> int:
    """Post what the command line asks for; returns how many failed."""
    generator = CaseGenerator(options.seed, options.until)
    failed = 0
    for index, document in chosen(generator, options.first, options.count, minor_only=options.minor_only):
        begin = time.monotonic()
        try:
            status, answer = client.post(document)
        except (OSError, http.client.HTTPException) as error:
            status, answer = 0, {"error": f"{type(error).__name__}: {error}"}
        line = {"index": index, "time": _now(), "seconds": round(time.monotonic() - begin, 4)}
        if status == 201:
            accepted = {"case_number": answer["case_number"], "case_id": answer["case_id"], **line}
            print(json.dumps(accepted), flush=True)
        else:
            failed += 1
            print(json.dumps({"status": status, "answer": answer, **line}, ensure_ascii=False), file=sys.stderr)
            if not options.keep_going:
                break
        time.sleep(options.interval_seconds)
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 when every case was accepted, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="trauma.api_load", description="Post generated cases over the interface")
    parser.add_argument("--url", required=True, help="https://host:port, or http:// on the loopback address")
    parser.add_argument("--ca", help="CA certificate of the server")
    parser.add_argument("--cert", help="client certificate")
    parser.add_argument("--key", help="the client certificate's private key")
    parser.add_argument("--first", type=int, default=1, help="index of the first generated case")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until", type=date.fromisoformat, default=validation.today(), help="the year's end, a date")
    parser.add_argument("--minor-only", action="store_true", help="only cases that no registry report follows")
    parser.add_argument("--keep-going", action="store_true", help="go on after a case that was not accepted")
    parser.add_argument("--interval-seconds", type=float, default=0.0, help="pause after each case")
    parser.add_argument("--timeout-seconds", type=float, default=15.0)
    options = parser.parse_args(arguments)
    context: ssl.SSLContext | None = None
    if options.url.startswith("https:"):
        context = ssl.create_default_context(cafile=options.ca)
        if options.cert:
            context.load_cert_chain(options.cert, options.key)
    return 1 if post_all(Client(options.url, context, options.timeout_seconds), options) else 0


if __name__ == "__main__":
    sys.exit(main())
