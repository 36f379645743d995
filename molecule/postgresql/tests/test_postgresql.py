"""A database server that is tight, tuned and archiving, and an existing one that is adopted with its data."""

import json
import subprocess

import pytest
from flows import LAB, ROOT, address, at, converge, install, lab, play, sql

HOST = "db1"


def password(name):
    """Give a secret of the lab."""
    argv = ["ansible", "localhost", "-e", f"@{LAB}/inventory/group_vars/all/vault.yml", "-m", "copy",
            "-a", f"content={{{{ {name} }}}} dest={LAB}/{name} mode=0600"]  # fmt: skip
    subprocess.run(argv, check=True, capture_output=True)
    text = (LAB / name).read_text()
    (LAB / name).unlink()
    return text


def connect(host, role, secret, options="sslmode=verify-full sslrootcert=/etc/traumalink/tls/ca.crt"):
    """Try to connect to the database from a host of the lab; return what went wrong, or nothing."""
    script = f"import psycopg2; psycopg2.connect('host={address(HOST)} dbname=trauma user={role} {options} connect_timeout=5')"
    return at(host).run("env PGPASSWORD=%s python3 -c %s", secret, script).stderr


def test_data_has_checksums_and_passwords_are_scram():
    assert sql("SHOW data_checksums") == "on"
    assert sql("SELECT bool_and(rolpassword LIKE 'SCRAM-SHA-256%') FROM pg_authid WHERE rolpassword IS NOT NULL") == "t"
    assert sql("SELECT count(*) FROM pg_authid WHERE rolpassword IS NOT NULL") == "3"


def test_no_role_of_ours_is_more_than_it_must_be():
    more = "rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
    assert sql(f"SELECT string_agg(rolname, ',') FROM pg_roles WHERE ({more}) AND rolname <> 'postgres'") == ""


def test_nobody_enters_the_application_s_database_without_being_named():
    question = "has_database_privilege(r.rolname, 'trauma', 'CONNECT') AND NOT rolsuper"
    assert sql(f"SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles r WHERE {question}") == (
        "trauma_app trauma_owner trauma_report"
    )


def test_the_backups_role_may_back_up_and_not_read_tables():
    script = "psql -XAtq -U traumalink_backup -d postgres -c %s"
    run = at(HOST).run(
        "runuser -u postgres -- " + script,
        "SELECT pg_is_in_recovery(), setting FROM pg_settings WHERE name='data_directory'",
    )
    assert run.stdout.strip() == "f|/var/lib/postgresql/15/main" or "/17/" in run.stdout
    denied = at(HOST).run("runuser -u postgres -- " + script, "SELECT rolpassword FROM pg_authid")
    assert "permission denied" in denied.stderr


def test_statements_are_counted_and_memory_follows_from_what_it_was_given():
    assert int(sql("SELECT count(*) FROM pg_stat_statements")) > 0
    assert sql("SHOW shared_buffers") == "256MB"  # a quarter of the lab's 1 GiB
    assert sql("SELECT setting FROM pg_settings WHERE name = 'archive_mode'") == "on"


def test_it_listens_on_loopback_and_the_sites_address_only():
    listening = at(HOST).check_output("ss -Hltn 'sport = :5432' | awk '{print $4}'").split()
    assert sorted(listening) == sorted(
        ["127.0.0.1:5432", f"{address(HOST)}:5432", *(e for e in listening if e == "[::1]:5432")]
    )


def test_app_hosts_get_in_by_tls_and_password_and_nobody_else_does():
    install("app1", "python3-psycopg2")
    install("ops1", "python3-psycopg2")
    secret = password("deploy_database_user_password")
    plain = "sslmode=require"
    assert connect("app1", "trauma_app", secret, plain) == ""
    assert "no encryption" in connect("app1", "trauma_app", secret, "sslmode=disable")
    assert "password authentication failed" in connect("app1", "trauma_app", "wrong", plain)
    assert "no pg_hba.conf entry" in connect("app1", "trauma_report", password("postgresql_report_password"), plain)
    assert "no pg_hba.conf entry" in connect("ops1", "trauma_app", secret, plain)
    assert "no pg_hba.conf entry" in connect("app1", "postgres", "x", plain)


def test_a_setting_that_needs_a_restart_is_pending_until_one_is_allowed():
    setting = json.dumps({"postgresql_settings": {"max_connections": "90"}})
    before = sql("SELECT pg_postmaster_start_time()")
    run = converge("-e", setting)
    assert run.succeeded, run.output
    assert run.says("Restart pending on db1 for max_connections"), run.output[-2000:]
    assert sql("SELECT pg_postmaster_start_time()") == before
    assert converge("-e", setting, "-e", "postgresql_may_restart=true").succeeded
    assert sql("SHOW max_connections") == "90"
    assert sql("SELECT pg_postmaster_start_time()") != before
    assert converge("-e", "postgresql_may_restart=true").succeeded


@pytest.fixture
def foreign_server():
    """Give a host with a server and data that somebody else made, long before us."""
    lab("lose", "bare2")
    lab("up", "bare2")
    install("bare2", "postgresql")
    sql("CREATE TABLE patients AS SELECT generate_series(1, 1000) AS id", host="bare2")
    at("bare2").check_output(
        "sed -i '1i host all all 192.0.2.0/24 scram-sha-256' /etc/postgresql/*/main/pg_hba.conf && echo done"
    )
    yield "bare2"
    lab("lose", "bare2")
    lab("up", "bare2")


def test_an_existing_server_is_adopted_with_its_data_and_without_a_restart(foreign_server, tmp_path):
    groups = {"edge": "edge1", "app": "app1", "db": foreign_server, "ops": "ops1"}
    children = {group: {"hosts": {host: {}}} for group, host in groups.items()}
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"children": children}}))
    (tmp_path / "group_vars").symlink_to(ROOT / "inventories" / "lab" / "group_vars")
    started = sql("SELECT pg_postmaster_start_time()", host=foreign_server)
    run = play(ROOT / "molecule/postgresql/converge.yml", inventories=(tmp_path, LAB / "inventory"))
    assert run.succeeded, run.output[-3000:]
    assert sql("SELECT count(*), sum(id) FROM patients", host=foreign_server) == "1000|500500"
    assert sql("SELECT pg_postmaster_start_time()", host=foreign_server) == started
    assert run.says(f"Restart pending on {foreign_server} for archive_mode")
    assert "192.0.2.0/24" in at(foreign_server).check_output("cat /etc/postgresql/*/main/pg_hba.conf")


def test_data_of_another_version_is_refused_and_stays(tmp_path):
    lab("up", "bare2")
    at("bare2").check_output("mkdir -p /srv/data && echo 9.6 >/srv/data/PG_VERSION && echo done")
    groups = {"edge": "edge1", "app": "app1", "db": "bare2", "ops": "ops1"}
    (tmp_path / "hosts.yml").write_text(
        json.dumps({"all": {"children": {g: {"hosts": {h: {}}} for g, h in groups.items()}}})
    )
    (tmp_path / "group_vars").symlink_to(ROOT / "inventories" / "lab" / "group_vars")
    run = play(
        ROOT / "molecule/postgresql/converge.yml",
        "-e",
        "postgresql_data_directory=/srv/data",
        inventories=(tmp_path, LAB / "inventory"),
    )
    assert run.status != 0
    assert run.says("/srv/data holds data of PostgreSQL 9.6"), run.output[-2000:]
    assert at("bare2").check_output("ls /srv/data") == "PG_VERSION"
    lab("lose", "bare2")
    lab("up", "bare2")
