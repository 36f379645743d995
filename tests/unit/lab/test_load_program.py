"""The program as a flow uses it: from a process of its own, and with what a kill leaves behind."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import load
import pytest
from browsed_site import Http1Site, certificate
from load import LoadError, Phase, Target
from site_access import Site
from traffic.record import read

KINDS = {"version": 1.0, "create_case": 1.0, "read_case": 1.0}
WAYS = {"kept": 2.0, "new": 1.0}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Http1Site]:
    """Give a well-behaved site that serves from a thread."""
    site = Http1Site(certificate(tmp_path))
    stop = threading.Event()
    ready = threading.Event()

    async def serve() -> None:
        async with site:
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    yield site
    stop.set()
    thread.join()


def until(true: Callable[[], bool]) -> None:
    """Wait for something that comes."""
    while not true():
        time.sleep(0.01)


def test_a_flow_loads_a_site_and_sums_it_up(site: Http1Site, tmp_path: Path) -> None:
    recording = tmp_path / "flow" / "load.jsonl"
    with load.load(site.target(), recording, rate=100, kinds=KINDS, ways=WAYS) as run:
        begin = time.time()
        before = site.served
        until(lambda: site.served >= before + 100)
        end = time.time()
    summary = run.summary([Phase("change", begin, end)])
    assert summary.complete
    assert summary.whole.failed == 0
    assert summary.whole.requests == site.served
    assert 80 <= summary.phase("change").requests <= summary.whole.requests
    assert len(summary.acknowledged) == sum(asked.method == "POST" for asked in site.asked)
    assert read(recording).settings["rate"] == 100
    assert run.process.returncode == 0


def test_what_a_kill_leaves_can_be_read_and_is_not_taken_for_the_whole(site: Http1Site, tmp_path: Path) -> None:
    recording = tmp_path / "load.jsonl"
    runs = []

    def killed() -> None:
        with load.load(site.target(), recording, rate=100, kinds=KINDS, ways=WAYS) as run:
            runs.append(run)
            until(lambda: recording.read_text(encoding="utf-8").count("\n") > 100)
            run.process.send_signal(signal.SIGKILL)
            run.process.wait()

    with pytest.raises(LoadError, match="the load was over before its block was"):
        killed()
    summary = runs[0].summary()
    assert not summary.complete
    assert 100 <= summary.whole.requests <= site.served
    assert summary.whole.failed == 0


def test_a_load_that_was_over_too_early_says_so(site: Http1Site, tmp_path: Path) -> None:
    with (
        pytest.raises(LoadError, match="was over before its block was"),
        load.load(site.target(), tmp_path / "load.jsonl", rate=50, kinds=KINDS, ways=WAYS, most_seconds=1) as run,
    ):
        run.process.wait()


def test_a_load_that_cannot_begin_says_why(tmp_path: Path) -> None:
    target = Target("https://127.0.0.1:1", tmp_path / "missing.crt")
    with pytest.raises(LoadError, match=r"did not begin: [\s\S]*No such file"), load.load(target, tmp_path / "l.jsonl"):
        pytest.fail("it began")


def test_the_load_ends_with_the_flow_that_began_it(site: Http1Site, tmp_path: Path) -> None:
    """The generator sees that its standard input ends when a flow is killed."""
    script = (
        f"import sys, os, signal; sys.path[:0] = {sys.path!r}; import load; from pathlib import Path\n"
        f"with load.load(load.Target({site.target().url!r}, Path({str(site.pem)!r})), Path({str(tmp_path / 'l.jsonl')!r}), ways={WAYS!r},\n"
        f"        kinds={KINDS!r}): os.kill(os.getpid(), signal.SIGKILL)"
    )
    load.subprocess.run([sys.executable, "-c", script], check=False)
    until(lambda: read(tmp_path / "l.jsonl").complete)


def test_a_labs_edge_is_asked_by_its_address_and_judged_by_the_sites_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "inventory" / "hosts.json"
    hosts.parent.mkdir()
    hosts.write_text('{"all": {"vars": {}, "hosts": {"edge1": {"ansible_host": "10.89.7.10"}}}}', encoding="utf-8")
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(Site, "run", lambda _site, *words: asked.append(words) or "the authority")
    target = load.lab_target(Site(tmp_path, tmp_path / "logs"))
    assert (target.host, target.place, target.authority) == ("10.89.7.10", ("10.89.7.10", 443), "10.89.7.10")
    assert target.ca.read_text(encoding="utf-8") == "the authority"
    assert asked == [("edge1", "cat", "/etc/traumalink/tls/ca.crt")]


def test_a_name_may_be_asked_at_another_address(tmp_path: Path) -> None:
    target = Target("https://trauma.hospital.example.org:8443", tmp_path / "ca.crt", "10.89.7.10")
    assert (target.host, target.place) == ("trauma.hospital.example.org", ("10.89.7.10", 8443))
    assert target.authority == "trauma.hospital.example.org:8443"


@pytest.mark.parametrize(("url", "words"), [("http://edge1", "give https://host"), ("edge1", "give https://host")])
def test_only_https_is_loaded(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _ = Target(url, tmp_path).host


def test_the_command_line_tells_failures_by_its_status(
    site: Http1Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = tmp_path / "load.jsonl"
    words = ["run", "--url", site.target().url, "--ca", str(site.pem), "--output", str(recording), "--ways", "new=1"]
    assert load.main([*words, "--rate", "50", "--seconds", "0.4", "--kinds", "version=1"]) == 0
    assert "writes acknowledged" in capsys.readouterr().out
    assert load.main(["summary", str(recording), "--json", "--phase", "part:0:9999999999"]) == 0
    assert '"name": "part"' in capsys.readouterr().out
    assert (
        load.main([*words, "--rate", "50", "--seconds", "0.2", "--kinds", "version=1", "--address", "127.0.0.9"]) == 1
    )
    assert "no connection: refused" in capsys.readouterr().out
