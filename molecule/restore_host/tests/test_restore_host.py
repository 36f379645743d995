"""The database's host is lost and its database comes back on a spare; the old host returns, serves nobody, and takes its place again."""

import json
import shutil

import pytest
from faults import await_on, switch_off, switch_on
from flows import LAB, ROOT, address, at, lab, play, sql

OLD, NEW = "db1", "bare2"
REPOSITORY = "/var/lib/pgbackrest"
STANDS_STILL = "has come back on bare2"


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Give the lab's inventory with another host as the one that serves, and its spare."""

    def make(serving, spare):
        folder = tmp_path_factory.mktemp("inventory")
        shutil.copytree(ROOT / "inventories" / "lab", folder, dirs_exist_ok=True)
        groups = {"edge": ["edge1"], "app": ["app1", "app2"], "db": [serving], "db_spare": [spare], "ops": ["ops1"]}
        children = {group: {"hosts": dict.fromkeys(hosts)} for group, hosts in groups.items()}
        (folder / "hosts.yml").write_text(json.dumps({"all": {"children": children}}), encoding="utf-8")
        return folder, LAB / "inventory"

    yield make
    # What stays behind is the lab as it was: the spare belongs to no site.
    switch_on(OLD)
    lab("lose", NEW)
    lab("up", NEW)


@pytest.fixture(scope="module")
def before(places):
    """Give the inventory of the day before: db1 serves, and bare2 is its spare."""
    return places(OLD, NEW)


@pytest.fixture(scope="module")
def after(places):
    """Give the inventory that the restore asks for: both have changed places."""
    return places(NEW, OLD)


def rows(host):
    """Give the rows that a host's database has."""
    return [int(line) for line in sql("SELECT id FROM public.moved ORDER BY id", "trauma", host=host).split()]


def enter(host, number):
    """Commit a row, and wait until the repository holds it; nobody helps."""
    sql(f"INSERT INTO public.moved VALUES ({number})", "trauma", host=host)
    segment = sql("SELECT pg_walfile_name(pg_current_wal_flush_lsn() - 1)", host=host)
    await_on("ops1", f"find {REPOSITORY}/archive/lab -name '{segment}-*' | grep -q .", 120)


def web(host):
    """Give the state of the application's web process."""
    return at(host).run("systemctl is-active 'trauma-web@blue'").stdout.strip()


def asks_at(host):
    """Give where the application of a host asks for its database."""
    return at(host).check_output("grep -o 'host=[0-9.]*' /etc/traumalink/trauma/blue.env")


def serves(host):
    """Tell whether a host's server takes writes."""
    answer = at(host).run("runuser -u postgres -- psql -XAtqc 'SELECT pg_is_in_recovery()'")
    return answer.stdout.strip() == "f"


@pytest.fixture(scope="module", autouse=True)
def archived():
    """Give three rows: in the backup, behind it, and the last that is archived."""
    sql("DROP TABLE IF EXISTS public.moved; CREATE TABLE public.moved (id int PRIMARY KEY)", "trauma")
    enter(OLD, 1)
    run = play("backup", "-e", "backup_type=full")
    assert run.succeeded, run.output[-3000:]
    enter(OLD, 2)
    enter(OLD, 3)


def test_a_host_that_is_no_database_host_is_refused(before):
    run = play("restore", "-e", "restore_confirm=lab", "-e", "restore_host=app1", inventories=before)
    assert run.status != 0
    assert run.says("restore_host app1 is no database host of the site (bare2, db1)"), run.output[-2000:]
    assert run.changed == {}


def test_check_mode_says_what_comes_back_on_an_empty_spare_and_who_is_taken_for_lost(before):
    switch_off(OLD)
    run = play("restore", "--check", "-e", "restore_confirm=lab", "-e", f"restore_host={NEW}", inventories=before)
    assert run.succeeded, run.output[-3000:]
    assert run.says("On bare2 comes back:")
    assert run.says("db1 cannot be reached and is taken for lost")
    assert web("app1") == "active"
    assert at(NEW).run("command -v psql").rc != 0


def test_everything_archived_comes_back_on_the_spare_while_the_old_host_is_off(before):
    run = play("restore", "-e", "restore_confirm=lab", "-e", f"restore_host={NEW}", inventories=before)
    assert run.succeeded, run.output[-3000:]
    assert rows(NEW) == [1, 2, 3]
    assert serves(NEW)
    assert run.says("In the inventory put bare2 into the group db, and db1 into the group db_spare."), run.output[
        -3000:
    ]
    assert run.says("Run traumalink.ops.site, which leads it here.")
    assert web("app1") != "active", "it would ask the old host"
    (stanza,) = json.loads(at("ops1").check_output("runuser -u pgbackrest -- pgbackrest info --output=json"))
    assert stanza["backup"][-1]["type"] == "full"
    assert stanza["backup"][-1]["archive"]["start"] > stanza["backup"][-2]["archive"]["start"]


def test_the_site_converges_on_the_new_host_while_the_old_one_is_still_off(after):
    run = play("site", inventories=after)
    assert run.succeeded, run.output[-3000:]
    assert {asks_at(host) for host in ("app1", "app2")} == {f"host={address(NEW)}"}
    assert {web(host) for host in ("app1", "app2")} == {"active"}
    again = play("site", inventories=after)
    assert again.succeeded, again.output[-3000:]
    assert again.changed == {}


def test_the_old_host_that_comes_back_by_itself_is_stopped_by_the_next_backup(after):
    enter(NEW, 4)
    switch_on(OLD)
    await_on(OLD, "runuser -u postgres -- psql -XAtqc 'SELECT 1'")
    assert serves(OLD), "its server has started with its host"
    run = play("backup", inventories=after)
    assert run.succeeded, run.output[-3000:]
    assert run.says("db1 serves an older copy of the database beside bare2")
    assert not serves(OLD)
    assert rows(NEW) == [1, 2, 3, 4]
    at(OLD).check_output("ls -d /var/lib/postgresql/*/main/PG_VERSION")
    switch_off(OLD)
    switch_on(OLD)
    assert not serves(OLD), "not with the next start of its host either"
    assert STANDS_STILL in at(OLD).check_output("cat /etc/postgresql/*/main/start.conf")


def test_an_inventory_that_names_the_retired_host_is_refused_before_anything_changes(before):
    run = play("site", inventories=before)
    assert run.status != 0
    assert run.says(
        "db1 is retired: the database has come back on bare2. In the inventory put bare2 into group 'db'"
    ), run.output[-3000:]
    assert run.changed == {}
    assert serves(NEW)


def test_it_comes_back_on_the_old_host_and_the_spare_stands_still(after, before):
    run = play("restore", "-e", "restore_confirm=lab", "-e", f"restore_host={OLD}", inventories=after)
    assert run.succeeded, run.output[-3000:]
    assert run.says("bare2 does not serve any more, its data is untouched.")
    assert serves(OLD)
    assert not serves(NEW)
    assert rows(OLD) == [1, 2, 3, 4]
    site = play("site", inventories=before)
    assert site.succeeded, site.output[-3000:]
    assert {asks_at(host) for host in ("app1", "app2")} == {f"host={address(OLD)}"}
    assert at(OLD).check_output("cat /etc/postgresql/*/main/start.conf") == "auto"


def test_the_site_is_as_deployed_without_a_spare():
    run = play("site")
    assert run.succeeded, run.output[-3000:]
    assert run.changed == {}
