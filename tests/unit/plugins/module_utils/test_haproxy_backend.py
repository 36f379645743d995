"""Leading traffic to other servers: on a stand-in that speaks as HAProxy 2.6 and 3.0 do, and on the real one where this machine has it."""

from __future__ import annotations

import http.client
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.command import Completed
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_backend import (
    Outcome,
    StillRunningError,
    Wanted,
    bring,
)
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_runtime import (
    HaproxyError,
    RuntimeSocket,
    UnreachableError,
)
from ansible_collections.traumalink.ops.plugins.module_utils.service import (
    ensure,
    properties,
    remember,
)
from haproxy import BLUE, GREEN, FakeLab, OldProcess, RealLab

NO_HAPROXY = pytest.mark.skipif(shutil.which("haproxy") is None, reason="this machine has no haproxy")
TO_GREEN = {"in_service": [GREEN], "out_of_service": [BLUE]}
SWITCHED = {BLUE: "maint", GREEN: "ready"}
AS_BEFORE = {BLUE: "ready", GREEN: "maint"}


@pytest.fixture(params=["2.6", "3.0", pytest.param("real", marks=NO_HAPROXY)])
def lab(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give HAProxy before app1-blue (in service) and app1-green (disabled): two stand-ins and the real one."""
    lab = RealLab() if request.param == "real" else FakeLab(request.param)
    yield lab
    lab.close()


@pytest.fixture
def fake() -> Iterator[FakeLab]:
    """Give the stand-in."""
    lab = FakeLab("2.6")
    yield lab
    lab.close()


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Iterator[RealLab]:
    """Give the real HAProxy."""
    lab = RealLab(*getattr(request, "param", ()))
    yield lab
    lab.close()


def lead(lab: Any, check: bool = False, **wanted: Any) -> Outcome:
    """Lead traffic in a lab and return the outcome."""
    outcome = Outcome()
    bring(Wanted("application", **wanted), lab.edge, outcome, check=check)
    return outcome


def test_traffic_goes_to_the_other_slot_and_the_second_time_nothing_changes(lab: Any) -> None:
    outcome = lead(lab, **TO_GREEN)
    assert lab.modes() == SWITCHED
    assert lab.disabled() == {BLUE}
    assert outcome.changed
    assert outcome.steps == [f"write {lab.configuration}", f"ready {GREEN}", f"maint {BLUE}"]
    assert {name: server.mode for name, server in outcome.servers.items()} == SWITCHED
    again = lead(lab, **TO_GREEN)
    assert (again.changed, again.steps, again.diff) == (False, [], [])


def test_the_way_back_is_the_same_way(lab: Any) -> None:
    text = lab.configuration.read_text()
    lead(lab, **TO_GREEN)
    lead(lab, in_service=[BLUE], out_of_service=[GREEN])
    assert lab.modes() == AS_BEFORE
    assert lab.configuration.read_text() == text


def test_both_can_serve(lab: Any) -> None:
    lead(lab, in_service=[GREEN])
    assert lab.modes() == {BLUE: "ready", GREEN: "ready"}
    assert lab.disabled() == set()


def test_a_request_in_flight_ends_in_the_old_slot_before_that_is_out_of_service(lab: Any) -> None:
    lab.hold_request(BLUE)
    modes = []
    lab.at_sleep = {12: lambda: (modes.append(lab.modes()), lab.let_go())}
    outcome = lead(lab, **TO_GREEN)
    assert modes == [{BLUE: "drain", GREEN: "ready"}]
    assert lab.modes() == SWITCHED
    assert (outcome.still_running, outcome.cut) == ({}, {})
    assert getattr(lab, "answers", [(200, BLUE)]) == [(200, BLUE)]


@pytest.mark.parametrize("choice", ["fail", "leave"])
def test_a_request_that_takes_too_long_runs_on_and_is_told_of(lab: Any, choice: str) -> None:
    lab.hold_request(BLUE)
    outcome = Outcome()
    wanted = Wanted("application", [GREEN], [BLUE], drain_seconds=1, when_still_running=choice)
    if choice == "fail":
        with pytest.raises(
            StillRunningError, match=r"^After 1 s requests are still running: 1 on app1-blue \(.*\)\. Nothing was cut"
        ):
            bring(wanted, lab.edge, outcome)
    else:
        bring(wanted, lab.edge, outcome)
    assert (outcome.still_running, outcome.cut) == ({BLUE: 1}, {})
    assert outcome.steps[-1] == f"drain {BLUE}"
    assert lab.modes() == {BLUE: "drain", GREEN: "ready"}
    assert lab.disabled() == {BLUE}
    lab.let_go()
    assert getattr(lab, "answers", [(200, BLUE)]) == [(200, BLUE)]
    assert lead(lab, **TO_GREEN).steps == [f"maint {BLUE}"]
    assert lab.modes() == SWITCHED


def test_a_request_is_cut_only_where_that_was_asked_for(lab: Any) -> None:
    lab.hold_request(BLUE)
    outcome = lead(lab, **TO_GREEN, drain_seconds=1, when_still_running="cut")
    assert (outcome.still_running, outcome.cut) == ({}, {BLUE: 1})
    assert outcome.steps[-1] == f"cut 1 requests of {BLUE}"
    assert lab.modes() == SWITCHED
    lab.let_go()
    assert (200, BLUE) not in getattr(lab, "answers", [])


def test_an_unhealthy_slot_gets_no_traffic_and_everything_stays(lab: Any) -> None:
    text = lab.configuration.read_text()
    lab.stop_application(GREEN)
    with pytest.raises(HaproxyError) as caught:
        lead(lab, **TO_GREEN, healthy_seconds=2)
    assert "HAProxy does not find healthy what shall take traffic, tried for 2 s: app1-green is DOWN (L4CON, " in str(
        caught.value
    )
    assert "Connection refused). Traffic stays where it was." in str(caught.value)
    assert lab.modes() == AS_BEFORE
    assert lab.configuration.read_text() == text


def test_in_maintenance_nobody_gets_in_also_after_a_restart(lab: Any) -> None:
    lead(lab, maintenance=True)
    assert set(lab.modes().values()) == {"maint"}
    assert lab.disabled() == {BLUE, GREEN}
    lab.restart()
    assert set(lab.modes().values()) == {"maint"}
    if isinstance(lab, RealLab):
        assert lab.get()[0] == 503
    assert not lead(lab, maintenance=True).changed
    lead(lab, in_service=[BLUE])
    assert lab.modes() == AS_BEFORE


def test_a_restart_of_haproxy_while_requests_drain_changes_nothing_of_the_end(lab: Any) -> None:
    lab.hold_request(BLUE)
    lab.at_sleep = {8: lab.restart}
    lead(lab, **TO_GREEN)
    assert lab.modes() == SWITCHED
    assert lab.disabled() == {BLUE}


def test_a_restart_of_haproxy_while_health_is_awaited_changes_nothing_of_the_end(lab: Any) -> None:
    lab.at_sleep = {1: lab.restart}
    lead(lab, **TO_GREEN)
    assert lab.modes() == SWITCHED


def test_check_mode_tells_and_does_nothing(lab: Any) -> None:
    text = lab.configuration.read_text()
    outcome = lead(lab, check=True, **TO_GREEN)
    assert outcome.steps == [f"write {lab.configuration}", f"ready {GREEN}", f"maint {BLUE}"]
    assert outcome.changed
    assert lab.modes() == AS_BEFORE
    assert lab.configuration.read_text() == text
    configuration, running = outcome.diff
    assert configuration["after_header"] == str(lab.configuration)
    assert configuration["before"] == text
    assert [line for line in configuration["after"].splitlines() if line not in text.splitlines()]
    assert running["before"] == f"{BLUE} ready\n{GREEN} maint\n"
    assert running["after"] == f"{BLUE} maint\n{GREEN} ready\n"


def test_what_only_this_changed_needs_no_reload(lab: Any) -> None:
    service = lab.edge.service
    remember(service, lab.run, properties(service, lab.run))
    lead(lab, **TO_GREEN)
    assert ensure(service, lab.run, check=True) == []


def test_what_somebody_else_changed_is_still_to_be_reloaded(lab: Any) -> None:
    service = lab.edge.service
    remember(service, lab.run, properties(service, lab.run))
    lab.configuration.write_text(lab.configuration.read_text() + "\n# a change that HAProxy has not read\n")
    lead(lab, **TO_GREEN)
    assert ensure(service, lab.run, check=True) == ["reload"]


def test_owner_and_mode_of_the_configuration_stay(fake: FakeLab) -> None:
    fake.configuration.chmod(0o640)
    lead(fake, **TO_GREEN)
    assert fake.configuration.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in fake.folder.iterdir() if path.name.startswith(".")] == []


def test_a_configuration_that_haproxy_finds_wrong_does_not_count(fake: FakeLab) -> None:
    text = fake.configuration.read_text()
    fake.verdict = Completed((), 1, "", "[ALERT] parsing error at line 7")
    with pytest.raises(
        OpsError,
        match=r"reading the configuration that would become .* \(which is as it was\) failed.*parsing error at line 7",
    ):
        lead(fake, **TO_GREEN)
    assert fake.commands[-1][:3] == ["haproxy", "-c", "-f"]
    assert fake.commands[-1][3] != str(fake.configuration)
    assert fake.configuration.read_text() == text
    assert fake.modes()[BLUE] == "ready"
    assert [path.name for path in fake.folder.iterdir() if path.name.startswith(".")] == []


def test_old_and_new_serve_before_the_old_one_drains(fake: FakeLab) -> None:
    lead(fake, **TO_GREEN)
    assert fake.said.orders == [
        f"set server application/{GREEN} state drain",
        f"set server application/{GREEN} state ready",
        f"set server application/{BLUE} state drain",
        f"set server application/{BLUE} state maint",
    ]


def test_a_server_gets_nothing_before_a_check_of_its_own_passed(fake: FakeLab) -> None:
    """One that leaves maintenance counts as running at once, though nothing was asked of it yet."""
    told: list[Any] = []
    fake.at_sleep = {2: lambda: told.extend([fake.servers[GREEN].running, *fake.said.orders])}
    lead(fake, **TO_GREEN)
    assert told == [True, f"set server application/{GREEN} state drain"]


def test_quiet_once_is_not_quiet_yet(fake: FakeLab) -> None:
    """A request that is tried again on another server counts at neither for a moment."""
    fake.hold_request(BLUE)

    def quiet_for_a_moment() -> None:
        fake.let_go()
        fake.at_sleep[fake.sleeps + 1] = lambda: fake.hold_request(BLUE)
        fake.at_sleep[fake.sleeps + 4] = fake.let_go

    fake.at_sleep = {5: quiet_for_a_moment}
    lead(fake, **TO_GREEN)
    assert fake.sleeps >= 9
    assert fake.modes() == SWITCHED


@pytest.mark.parametrize("left", [OldProcess(in_flight=2), OldProcess(connections=2), OldProcess(1, 2)])
def test_what_an_old_process_may_still_lead_there_is_waited_for_too(fake: FakeLab, left: OldProcess) -> None:
    fake.old_processes = {77: left}
    outcome = Outcome()
    with pytest.raises(StillRunningError, match="2 on app1-blue"):
        bring(Wanted("application", [GREEN], [BLUE], drain_seconds=1), fake.edge, outcome)
    assert fake.modes()[BLUE] == "drain"
    fake.at_sleep = {fake.sleeps + 3: lambda: fake.old_processes.update({77: OldProcess()})}
    assert lead(fake, **TO_GREEN).still_running == {}


def test_an_old_process_that_leads_elsewhere_holds_nothing_up(fake: FakeLab) -> None:
    fake.old_processes = {77: OldProcess(connections=5, ready=GREEN)}
    assert lead(fake, **TO_GREEN, drain_seconds=1).still_running == {}


def test_what_an_old_process_works_on_is_cut_too_where_that_was_asked_for(fake: FakeLab) -> None:
    fake.old_processes = {77: OldProcess(in_flight=3)}
    fake.hold_request(BLUE)
    assert lead(fake, **TO_GREEN, drain_seconds=1, when_still_running="cut").cut == {BLUE: 4}
    assert fake.old_processes == {77: OldProcess()}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"in_service": [BLUE], "out_of_service": [BLUE]}, "app1-blue cannot be in and out of service at once"),
        ({"out_of_service": [BLUE]}, "would leave no server of application in service.*or say maintenance=true"),
        ({"in_service": ["app9-blue"]}, "configuration has no server app9-blue in its backend application; it has app1-blue, app1-green"),
    ],
)  # fmt: skip
def test_refuses_what_makes_no_sense(fake: FakeLab, wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(HaproxyError, match=f"{message}.*Nothing was changed"):
        lead(fake, **wanted)
    assert fake.said.orders == []


def test_what_is_led_to_and_does_not_run_is_nobody_who_would_serve(fake: FakeLab) -> None:
    lead(fake, in_service=[GREEN])
    fake.said.orders.clear()
    fake.stop_application(GREEN)
    fake.pass_time(10)
    with pytest.raises(HaproxyError, match="would leave no server of application in service"):
        lead(fake, out_of_service=[BLUE])
    assert fake.said.orders == []


def test_a_configuration_that_haproxy_has_not_read_is_named_as_such(fake: FakeLab) -> None:
    text = fake.configuration.read_text()
    fake.configuration.write_text(text + "    server app2-blue 192.0.2.2:8001 verifyhost app2\n")
    with pytest.raises(
        HaproxyError,
        match="The running HAProxy has no server app2-blue in its backend application; it has app1-blue, app1-green",
    ):
        lead(fake, in_service=["app2-blue"])


def test_no_configuration_no_haproxy_no_backend_and_a_refusal_say_what_to_do(fake: FakeLab) -> None:
    with pytest.raises(HaproxyError, match="HAProxy has no backend nothing"):
        fake.haproxy.backend("nothing")
    fake.refusal = "Permission denied"
    with pytest.raises(
        HaproxyError, match=r"^HAProxy refused 'set server application/app1-green state drain': Permission denied$"
    ):
        lead(fake, **TO_GREEN)
    (fake.folder / "admin.sock").unlink()
    with pytest.raises(
        UnreachableError,
        match=r"does not answer on .*admin\.sock \(No such file or directory\).*systemctl status haproxy",
    ):
        lead(fake, **TO_GREEN)
    fake.configuration.unlink()
    with pytest.raises(HaproxyError, match=r"does not exist; deploy the site first"):
        lead(fake, **TO_GREEN)


class Killed(BaseException):
    """As if the process were gone: nothing of it runs any more."""


class Countdown:
    """Asks as RuntimeSocket does, and is killed before the word that comes after `words` others."""

    def __init__(self, words: int) -> None:
        self.left = words
        self.once = RuntimeSocket._ask_once

    def __get__(self, socket: RuntimeSocket, _owner: type) -> Any:
        return lambda command: self.ask(socket, command)

    def ask(self, socket: RuntimeSocket, command: str) -> str:
        if not self.left:
            raise Killed
        self.left -= 1
        return self.once(socket, command)


def words_of_a_switch() -> int:
    """Return how many words a whole switch says to HAProxy."""
    lab = FakeLab("2.6")
    lead(lab, **TO_GREEN)
    lab.close()
    assert lab.said.asked > 15
    return lab.said.asked


def test_killed_before_any_word_to_haproxy_and_run_again_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may be left without a healthy server in between, also when HAProxy restarts just then."""
    for words in range(words_of_a_switch()):
        lab = FakeLab("2.6")
        with monkeypatch.context() as patched:
            patched.setattr(RuntimeSocket, "_ask_once", Countdown(words))
            with pytest.raises(Killed):
                lead(lab, **TO_GREEN)
        assert "ready" in lab.modes().values()
        assert lab.disabled() in ({BLUE}, {GREEN})
        lab.restart()
        assert "ready" in lab.modes().values()
        lead(lab, **TO_GREEN)
        assert (lab.modes(), lab.disabled()) == (SWITCHED, {BLUE})
        lab.close()


def test_a_restart_before_any_answer_of_haproxy_changes_nothing_of_the_end() -> None:
    for moment in range(1, words_of_a_switch() + 1):
        lab = FakeLab("3.0")

        def answer(_command: str, lab: FakeLab = lab, moment: int = moment) -> None:
            if lab.said.asked == moment:
                lab.restart()
            serving = {name for name, server in lab.servers.items() if not server.admin & 0x09}
            assert serving, f"nobody serves after a restart at word {moment}"

        lab.said.before_answer = answer
        lead(lab, **TO_GREEN)
        assert (lab.modes(), lab.disabled()) == (SWITCHED, {BLUE})
        lab.close()


@NO_HAPROXY
def test_browsers_with_open_connections_notice_nothing(real: RealLab) -> None:
    """Requests one after another, on connections that stay open and on new ones, while traffic goes to and fro."""
    stop, seen = threading.Event(), []

    def browse(keep: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", real.front, timeout=10)
        while not stop.is_set():
            try:
                seen.append(real.get("/", connection if keep else None))
                assert not keep or connection.sock is not None
            except (OSError, http.client.HTTPException) as error:
                seen.append((0, repr(error)))
        connection.close()

    browsers = [threading.Thread(target=browse, args=(keep,)) for keep in (True, True, False)]
    for browser in browsers:
        browser.start()
    for _ in range(3):
        lead(real, **TO_GREEN)
        lead(real, in_service=[BLUE], out_of_service=[GREEN])
    stop.set()
    for browser in browsers:
        browser.join()
    assert set(seen) == {(200, BLUE), (200, GREEN)}


@NO_HAPROXY
def test_a_connection_that_nobody_uses_holds_nothing_up(real: RealLab) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", real.front, timeout=10)
    assert real.get("/", connection) == (200, BLUE)
    assert real.haproxy.backend("application").servers[BLUE].in_flight == 0
    lead(real, **TO_GREEN, drain_seconds=0)
    assert real.get("/", connection) == (200, GREEN)
    connection.close()


@NO_HAPROXY
@pytest.mark.parametrize("real", [(("-W", "-S", "{folder}/master.sock"),)], indirect=True)
def test_a_request_in_an_old_process_of_haproxy_is_waited_for(real: RealLab) -> None:
    real.hold_request(BLUE)
    real.reload()
    with pytest.raises(StillRunningError, match="1 on app1-blue"):
        lead(real, **TO_GREEN, drain_seconds=1)
    real.let_go()
    lead(real, **TO_GREEN)
    assert real.answers == [(200, BLUE)]
    assert real.modes() == SWITCHED


@NO_HAPROXY
@pytest.mark.parametrize("real", [(("-W", "-S", "{folder}/master.sock"),)], indirect=True)
def test_a_connection_to_an_old_process_is_waited_for(real: RealLab) -> None:
    """With idle-close-on-response it stays open over a reload, and its next request goes to the old slot."""
    connection = http.client.HTTPConnection("127.0.0.1", real.front, timeout=10)
    assert real.get("/", connection) == (200, BLUE)
    real.reload()
    with pytest.raises(StillRunningError, match="1 on app1-blue"):
        lead(real, **TO_GREEN, drain_seconds=1)
    assert real.get("/", connection) == (200, BLUE)
    outcome = lead(real, **TO_GREEN)
    assert (outcome.still_running, outcome.servers[BLUE].mode) == ({}, "maint")
    assert real.get("/", connection) == (200, GREEN)
    connection.close()
