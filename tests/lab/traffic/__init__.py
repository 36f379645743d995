"""Requests as the hospital's browsers send them, and an honest account of each.

What counts as failed: every request that did not get, within its time, the whole answer that its kind must get. That is

- no connection: refused, reset, unreachable, a certificate that does not verify, a handshake that does not end in time;
- a connection that ends (closed or reset) after the request went out and before its answer was whole, kept connections included: **nothing is
  sent again**, although browsers would and most libraries do so unseen (aiohttp and Go's client for one; which is why they are not used here);
- another status than the kind's own (200 or 201), an answer that is not HTTP, one whose body is not what it must be (a maintenance page with
  status 200, a case other than the one asked for), one that came before the request was whole;
- no whole answer in time: the time runs from when the request was due, and what the client itself pauses (slow uploads) is added to it.

What does not count as failed, but is counted and shown, because a browser's user would not notice it and no request is lost:

- `found_closed`: a kept connection of which the client had learnt before it sent anything that the server had closed it. It is put away, and the
  request goes out on another. `Connection: close` and the end of an HTTP/1.0 answer are obeyed without even that: such a connection is not kept.
- `resent`: an HTTP/2 request of which the server itself said that it was not and will not be processed (above the last stream of a GOAWAY, or
  REFUSED_STREAM; RFC 9113, 6.8 and 8.7). It goes out once more on another connection; a second such answer is a failure. After a GOAWAY no new
  request is sent on that connection, and those below its last stream are waited for.

Latency runs from when a request was due, whether or not earlier ones had been answered, so that a stall is felt by all who would have come in it.
"""
