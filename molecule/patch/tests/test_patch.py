"""Hosts of the base suite with the security archive enabled: real pending updates, planned with what they mend, applied host by host, or undone."""

import json
import time
from pathlib import Path

import pytest
from flows import LAB, at, play
from load import Phase, lab_target, load, missing
from operations import chain_is_whole, entries, kill, last_record, until
from patching import HOSTS, add_security, apply, named_by_hand, plan, started, versions
from site_access import Site
from upgrades import serves

# A functional module that does not live with the new libssl3, and does with the old one.
BREAKS = r"""#!/bin/sh
new=$(dpkg-query -W -f '${Version}' libssl3 2>/dev/null || dpkg-query -W -f '${Version}' libssl3t64)
for code in /opt/trauma/releases/*/trauma; do
    case "$new" in
        "$1") [ ! -e "$code/web.py" ] || mv "$code/web.py" "$code/web.away" ;;
        *) [ ! -e "$code/web.away" ] || mv "$code/web.away" "$code/web.py" ;;
    esac
done
systemctl --no-block restart 'trauma-web@*.service'
"""


@pytest.fixture(autouse=True)
def chain():
    """See after each flow that the ledger's chain fits."""
    yield
    chain_is_whole()


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """Enable the security archive, prove the backups, and plan; return the plan's file."""
    for host in HOSTS:
        add_security(host)
    assert play("backup").succeeded
    assert play("drill").succeeded
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    run = plan(path)
    assert run.succeeded, run.output[-4000:]
    assert run.says("Have the hospital approve it")
    return path


@pytest.fixture(scope="module")
def planned(file):
    """Give the plan's hosts."""
    return json.loads(file.read_text(encoding="utf-8"))["hosts"]


def test_the_plan_names_real_vulnerabilities_as_a_person_finds_them(planned):
    record = last_record()
    assert (record["verb"], record["outcome"]) == ("patch_plan", "success")
    assert record["figures"]["security_updates"] > 20
    assert record["figures"]["vulnerabilities_named"] > 20
    updates = {update["source"]: update for update in planned["app1"]["updates"] if named_by_hand("app1", update)}
    assert len(updates) >= 3
    for update in list(updates.values())[:5]:
        assert set(update["vulnerabilities"]) >= named_by_hand("app1", update), update["name"]
        assert update["changelog"]
        assert update["security"]


def test_planning_installs_nothing(planned):
    for host, each in planned.items():
        assert versions(host, each["updates"]) == {
            update["name"]: update["installed"] for update in each["updates"] if update["installed"]
        }


def test_without_an_approval_it_is_refused(file, planned):
    run = apply(file, operation_approval="")
    assert run.status != 0
    assert run.says("patch needs the hospital's approval"), run.output[-3000:]
    assert last_record()["outcome"] == "refused"


def test_a_site_that_changed_since_the_approval_is_refused_with_the_difference(file, planned):
    update = next(each for each in planned["app2"]["updates"] if each["name"] == "tzdata")
    at("app2").check_output(
        "printf 'Package: tzdata\nPin: version %s\nPin-Priority: 1001\n' > /etc/apt/preferences.d/flow",
        update["installed"],
    )
    run = apply(file)
    at("app2").check_output("rm /etc/apt/preferences.d/flow")
    assert run.status != 0
    assert run.says(f"app2: tzdata {update['candidate']} is not offered any more, {update['installed']} is there"), (
        run.output[-3000:]
    )
    assert run.changed == {}
    assert last_record()["outcome"] == "refused"


def test_a_host_that_is_not_healthy_with_its_updates_is_taken_back_and_the_rest_is_untouched(file, planned):
    openssl = next(each for each in planned["app1"]["updates"] if each["name"].startswith("libssl3"))
    at("app1").check_output("printf %%s %s > /usr/local/sbin/breaks && chmod 0755 /usr/local/sbin/breaks", BREAKS)
    hook = f"DPkg::Post-Invoke {{\"/usr/local/sbin/breaks '{openssl['candidate']}'\";}};"
    at("app1").check_output("echo %s > /etc/apt/apt.conf.d/99flow", hook)
    run = apply(file, patch_healthy_seconds=20)
    at("app1").check_output("rm /etc/apt/apt.conf.d/99flow")
    assert run.status != 0
    record = last_record()
    assert record["outcome"] == "rolled_back", record
    for host, each in planned.items():
        assert versions(host, each["updates"]) == {
            update["name"]: update["installed"] for update in each["updates"] if update["installed"]
        }, host
    serves("1.0.0")


def test_dpkg_and_the_controller_killed_in_the_middle_are_repaired_by_the_next_run(file, planned):
    process = started(file)
    until(process, "Install what was approved")
    deadline = time.monotonic() + 120
    while at("app1").run("pgrep -x dpkg").rc != 0:
        assert time.monotonic() < deadline, "dpkg never began"
    time.sleep(2)
    at("app1").run("pkill -9 -x apt-get; pkill -9 -x dpkg")
    kill(process)
    known = len(entries())
    run = play("deploy")
    assert run.succeeded, run.output[-4000:]
    assert "interrupted" in [entry["record"]["outcome"] for entry in entries()[known:]]
    assert at("app1").check_output("dpkg --audit") == ""
    assert versions("app1", planned["app1"]["updates"]) == {
        update["name"]: update["installed"] for update in planned["app1"]["updates"] if update["installed"]
    }
    serves("1.0.0")


def test_app_hosts_are_patched_and_rebooted_under_load_and_the_window_ends_the_run_after_them(file, planned, tmp_path):
    path = tmp_path / "plan.json"
    assert plan(path, patch_reboot="always").succeeded
    site = Site(LAB, tmp_path)
    # For the database's host more time would be needed than any window has.
    left = "{{ (patch_host in groups['app']) | ternary(60, 99999999) }}"
    with load(lab_target(site), tmp_path / "load.jsonl", rate=60) as run:
        time.sleep(20)
        begin = time.time()
        done = apply(path, patch_rollback_seconds=left)
        end = time.time()
    assert done.status != 0
    record = last_record()
    assert record["outcome"] == "failed", record
    assert record["figures"]["hosts_patched"] == "app1, app2"
    assert "db1" in record["figures"]["hosts_left"]
    assert record["figures"]["reboots"] == 2
    assert "so no further host is changed" in record["reason"]
    assert "app1, app2" in record["reason"]
    summary = run.summary([Phase("before", begin - 20, begin), Phase("patch", begin, end)])
    assert summary.complete
    assert summary.whole.failed == 0, summary.whole.failures
    assert missing(summary.acknowledged, site.sql) == []
    for host in ("app1", "app2"):
        assert versions(host, planned[host]["updates"]) == {
            update["name"]: update["candidate"] for update in planned[host]["updates"]
        }
    for host in ("db1", "edge1", "ops1"):
        assert versions(host, planned[host]["updates"]) == {
            update["name"]: update["installed"] for update in planned[host]["updates"] if update["installed"]
        }
    files = [artefact["name"] for artefact in record["artefacts"]]
    assert [ending for ending in ("json", "zh.pdf", "en.pdf") if not any(ending in name for name in files)] == [], files


def test_the_next_run_goes_on_with_the_same_plan_and_a_second_changes_nothing(file, planned, tmp_path):
    run = apply(file, patch_fetch_to=str(tmp_path))
    assert run.succeeded, run.output[-4000:]
    record = last_record()
    assert record["outcome"] == "success"
    assert record["figures"]["hosts_patched"] == "db1, edge1, ops1"
    assert record["figures"].get("hosts_left", "") == ""
    for host, each in planned.items():
        assert versions(host, each["updates"]) == {update["name"]: update["candidate"] for update in each["updates"]}, (
            host
        )
    serves("1.0.0")
    (report,) = tmp_path.glob("patch-*.json")
    data = json.loads(report.read_text(encoding="utf-8"))
    assert data["mended"]
    assert data["remaining"] == {}
    assert [each["status"] for each in data["health_after"]] == ["healthy"] * len(data["health_after"])
    for language in ("zh", "en"):
        (pdf,) = tmp_path.glob(f"patch-*-{language}.pdf")
        assert pdf.read_bytes().startswith(b"%PDF-")
    again = apply(file)
    assert again.succeeded, again.output[-3000:]
    assert again.changed == {}
    assert again.says("Every host has what was approved already; nothing is to be done")


def test_a_plan_of_a_patched_site_is_empty(planned, tmp_path):
    run = plan(tmp_path / "plan.json")
    assert run.succeeded, run.output[-3000:]
    assert run.says("No update waits on any host.")


def test_a_host_goes_back_by_hand_while_the_others_serve(planned):
    run = play("patch", "-e", json.dumps({"patch_phase": "undo", "patch_undo_hosts": ["app2"]}))
    assert run.succeeded, run.output[-4000:]
    assert last_record()["verb"] == "patch_undo"
    stay = {update["name"] for update in planned["app2"]["updates"] if update["way_back"]}
    assert versions("app2", planned["app2"]["updates"]) == {
        update["name"]: update["candidate"] if update["name"] in stay else update["installed"]
        for update in planned["app2"]["updates"]
    }
    serves("1.0.0")
