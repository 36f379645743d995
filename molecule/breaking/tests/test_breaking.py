"""An upgrade with downtime: nobody is let in until everything is verified; it ends in the new version, or where it began with every row."""

import json
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import pytest
from flows import LAB, at, play, reach, sql
from load import lab_target, load, missing
from operations import LEASE_SECONDS, SITE, chain_is_whole, entries, kill, last_record, saying, until, wait_for
from releases import packed
from site_access import Site
from upgrades import APPS, configured, in_service, migrated, rehearsing, serves, standing, started, upgrade, words

MARK = "/var/lib/traumalink-upgrade/downtime.json"
DECIDED = "written after the decision"
MIGRATES = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pause_migration%' AND state = 'active' AND pid <> pg_backend_pid()"
TABLES = ("trauma_case", "prehospital", "triage", "injury", "treatment_step", "outcome")
SUMS = " UNION ALL ".join(
    f"SELECT '{name}', count(*), coalesce(md5(string_agg(t::text, ';' ORDER BY t::text)), '') FROM trauma.{name} t"
    for name in TABLES
)


@pytest.fixture(autouse=True)
def chain():
    """See after each flow that the ledger's chain fits, and that no mark stands."""
    yield
    chain_is_whole()
    assert not at("db1").file(MARK).exists


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """Have 1.1.0 run on a site whose backups are proven, with cases in it."""
    if standing(APPS[0]).version != "1.0.0":
        return  # it was made so before
    assert play("backup").succeeded
    assert play("drill").succeeded
    run = upgrade("1.1.0")
    assert run.succeeded, run.output[-4000:]
    folder = tmp_path_factory.mktemp("load")
    with load(lab_target(Site(LAB, folder)), folder / "load.jsonl", rate=20):
        time.sleep(20)
    assert int(sql("SELECT count(*) FROM trauma.trauma_case", "trauma")) > 20


def contents():
    """Return rows and sums of the tables that people write."""
    return sql(SUMS, "trauma")


@dataclass
class Browser:
    """Asks the edge again and again, and keeps what it was told."""

    url: str
    context: ssl.SSLContext
    seen: list = field(default_factory=list)

    def ask(self):
        """Keep time, status, page and Retry-After of one answer; 0 where there was none."""
        try:
            with urllib.request.urlopen(f"{self.url}/version", timeout=10, context=self.context) as answer:  # noqa: S310 - the lab's edge
                self.seen.append((time.time(), answer.status, answer.read().decode(), None))
        except urllib.error.HTTPError as error:
            self.seen.append((time.time(), error.code, error.read().decode(), error.headers.get("Retry-After")))
        except OSError as error:
            self.seen.append((time.time(), 0, str(error), None))


@pytest.fixture
def browser(tmp_path):
    """Give a browser that asks three times a second until the flow ends."""
    target = lab_target(Site(LAB, tmp_path))
    found, ended = Browser(target.url, ssl.create_default_context(cafile=str(target.ca))), threading.Event()

    def browse():
        while not ended.wait(0.3):
            found.ask()

    thread = threading.Thread(target=browse)
    thread.start()
    yield found
    ended.set()
    thread.join()


def shut_out(browser):
    """Return the span in seconds in which the maintenance page was seen; see that it was nothing else, and came in one piece."""
    told = [entry for entry in browser.seen if entry[1] != 200]
    assert {entry[1] for entry in told} == {503}, told[:3]
    assert all("系统维护中" in entry[2] and "Maintenance" in entry[2] and entry[3] == "30" for entry in told)
    first, last = told[0][0], told[-1][0]
    assert [entry for entry in browser.seen if first < entry[0] < last and entry[1] == 200] == []
    return last - first


def has_gone_back(run, version, before, cause):
    """See that an upgrade ended where it began, with every row, and a record that says why."""
    record = last_record()
    assert record["outcome"] == "rolled_back", (record, run.output[-6000:])
    assert cause in record["reason"], record["reason"]
    assert record["figures"]["downtime_seconds"] > 0
    assert record["figures"]["restore_point"].startswith(f"before_{version}_")
    serves("1.1.0")
    assert migrated() == "0002"
    assert contents() == before
    assert all(version in standing(host).bad for host in APPS)


@pytest.mark.parametrize(
    ("version", "cause"),
    [("1.3.1", "this migration is broken"), ("1.3.2", "triage")],
    ids=["its second migration fails", "a functional module is unhealthy"],
)
def test_a_release_that_does_not_work_ends_at_the_restore_point(ready, browser, version, cause):
    before = contents()
    run = upgrade(version)
    assert run.status != 0
    has_gone_back(run, version, before, cause)
    assert last_record()["figures"]["downtime_seconds"] >= shut_out(browser) - 1
    told = json.loads(at("ops1").check_output("runuser -u pgbackrest -- pgbackrest info --output=json"))[0]
    newest = told["backup"][-1]
    assert (newest["type"], newest["archive"]["start"][:8] > "00000001") == ("full", True), "of the new timeline"


def test_who_else_writes_is_found_before_anybody_is_shut_out(ready, browser):
    command = "runuser -u postgres -- psql -XAtq -d trauma -c 'SELECT pg_sleep(600)'"
    with subprocess.Popen(reach("db1", command), stdout=subprocess.DEVNULL) as gateway:
        try:
            run = upgrade("1.3.0")
        finally:
            sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
            )
            gateway.wait(30)
    assert run.status != 0
    assert run.says("These sessions could write while nobody may"), run.output[-3000:]
    assert {entry[1] for entry in browser.seen} == {200}
    serves("1.1.0")
    assert all("1.3.0" not in standing(host).bad for host in APPS)


def is_closed():
    """Tell whether HAProxy lets nobody in, as it runs and as it is configured."""
    return in_service() == set() and configured() == set()


def ends_it(verb, *arguments):
    """Run a verb after an upgrade that was cut off, when its lease has run out, and see that it was closed as interrupted."""
    known = len(entries())
    run = play(verb, *arguments, inventories=saying({"operation_lease_seconds": LEASE_SECONDS}, SITE))
    assert [entry["record"]["outcome"] for entry in entries()[known:]].count("interrupted") == 1
    return run


def test_killed_before_the_migration_the_next_verb_lets_everybody_in_again(ready):
    before = contents()
    process = started("1.3.0")
    until(process, "See that nobody is left who could write")
    kill(process)
    assert is_closed()
    assert not at("app1").check_output("systemctl list-units --plain --no-legend --state=active 'trauma-*'")
    run = ends_it("deploy", "-e", f"deploy_archive={packed('1.1.0')}")
    assert run.succeeded, run.output[-4000:]
    serves("1.1.0")
    assert contents() == before
    assert all("1.3.0" not in standing(host).bad for host in APPS), "nothing was wrong with the release"


def killed_while_it_migrates():
    """Begin an upgrade, and kill its controller in the middle of the migration."""
    with rehearsing("pause_migration_seconds", "20"):
        process = started("1.3.0")
        until(process, "Apply the migrations that are pending")
        wait_for(lambda: sql(MIGRATES) != "0")
        kill(process)


def test_killed_in_the_migration_not_even_a_backup_in_between_lets_it_be_forgotten(ready):
    before = contents()
    killed_while_it_migrates()
    assert is_closed()
    # The nightly backup is not held up, and closes the record; the site stays closed.
    assert ends_it("backup").succeeded
    assert is_closed()
    assert migrated() == "0003", "what was awaited has ended"
    looked = play("site", "--check")
    assert looked.status != 0
    assert looked.says("was cut off, and a run without --check brings it to its end first"), looked.output[-3000:]
    run = play("site", "-e", f"deploy_archive={packed('1.1.0')}")
    assert run.succeeded, run.output[-4000:]
    sql("ALTER DATABASE trauma RESET trauma.pause_migration_seconds")  # it came back with the rest
    serves("1.1.0")
    assert migrated() == "0002"
    assert contents() == before


def test_killed_in_the_migration_a_restore_by_hand_takes_its_place(ready):
    before = contents()
    killed_while_it_migrates()
    point = json.loads(at("db1").file(MARK).content_string)["restore_point"]
    run = ends_it("restore", "-e", f"restore_confirm=lab restore_target_name={point}")
    assert run.succeeded, run.output[-6000:]
    sql("ALTER DATABASE trauma RESET trauma.pause_migration_seconds")  # it came back with the rest
    serves("1.1.0")
    assert migrated() == "0002"
    assert contents() == before
    assert all("1.3.0" not in standing(host).bad for host in APPS), "nothing was wrong with the release"


def test_it_succeeds_with_nobody_let_in_meanwhile(ready, browser, tmp_path):
    site = Site(LAB, tmp_path)
    with load(lab_target(site), tmp_path / "load.jsonl", rate=20) as run:
        time.sleep(5)
        up = upgrade("1.3.0")
        time.sleep(5)
    assert up.succeeded, up.output[-4000:]
    serves("1.3.0")
    assert migrated() == "0003"
    assert sql("SELECT count(*) FROM trauma.trauma_case WHERE family_name = '' OR family_name IS NULL", "trauma") == "0"
    record = last_record()
    assert (record["versions_before"], record["versions_after"]) == ({"trauma": "1.1.0"}, {"trauma": "1.3.0"})
    figures = record["figures"]
    span = shut_out(browser)
    assert span - 1 <= figures["downtime_seconds"] <= span + 15, (span, figures)
    assert figures["failed_requests"] > 0, "who was shut out counts"
    assert figures["restore_point"].startswith("before_1.3.0_")
    assert up.says(f"nobody was let in for {figures['downtime_seconds']} s")
    summary = run.summary()
    assert summary.complete
    assert missing(summary.acknowledged, site.sql) == [], "what was acknowledged is there"


def test_there_is_no_way_back_and_the_two_that_are_left_are_named(ready):
    run = play("rollback")
    assert run.status != 0
    assert run.says("From 1.3.0 there is no way back"), run.output[-3000:]
    assert run.says("a new release that mends what is wrong (traumalink.ops.upgrade)")
    assert run.says(
        "the database as it was at an earlier time, with the loss of all that was written since (traumalink.ops.restore)"
    )
    assert run.changed == {}
    serves("1.3.0")


def test_a_site_run_afterwards_finds_nothing_to_change(ready):
    run = play("site", "-e", f"deploy_archive={packed('1.3.0')}")
    assert run.succeeded, run.output[-3000:]
    assert run.changed == {}, run.output[-4000:]


def test_killed_after_the_decision_the_next_run_goes_forward(ready):
    process = started("1.3.3")
    until(process, "From it there is no way back to the version before")
    kill(process)
    assert is_closed()
    # As somebody would who had been let in.
    sql(
        f"UPDATE trauma.trauma_case SET address = '{DECIDED}' WHERE case_id = (SELECT min(case_id) FROM trauma.trauma_case)",
        "trauma",
    )
    known = len(entries())
    run = play("upgrade", *words("1.3.3"), inventories=saying({"operation_lease_seconds": LEASE_SECONDS}, SITE))
    assert run.succeeded, run.output[-4000:]
    assert run.says("runs on all app hosts already; nothing is to be done")
    ended = [
        outcome for entry in entries()[known:] if (outcome := entry["record"]["outcome"])
    ]  # an open record has none yet
    assert ended == ["interrupted", "success"]
    serves("1.3.3")
    assert migrated() == "0004"
    kept = sql(f"SELECT count(*) FROM trauma.trauma_case WHERE address = '{DECIDED}'", "trauma")
    assert kept == "1", "nothing was restored over it"
