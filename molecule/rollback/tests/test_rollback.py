"""A rollback takes all app hosts back by hand, with no version named; where it cannot, nothing is changed."""

import json

import pytest
from faults import switch_off, switch_on
from flows import play
from operations import (
    LEASE_SECONDS,
    SITE,
    begun,
    chain_is_whole,
    entries,
    kill,
    last_record,
    refused,
    saying,
    until,
    wait_for,
)
from releases import packed
from upgrades import APPS, in_service, prove, reach, serves, standing, upgrade


@pytest.fixture(autouse=True)
def chain():
    """See after each flow that the ledger's chain fits."""
    prove()
    yield
    chain_is_whole()


def test_it_takes_all_hosts_back_or_none():
    reach("1.1.0")
    switch_off("app2")
    try:
        refused(play("rollback"), "app2: cannot be reached")
    finally:
        switch_on("app2")
    wait_for(lambda: len(in_service()) == len(APPS))  # HAProxy asks a server that comes back several times
    serves("1.1.0")


def test_one_that_is_cut_off_ends_with_all_hosts_agreeing():
    reach("1.1.0")
    process = begun("traumalink.ops.rollback", inventories=saying({"operation_lease_seconds": LEASE_SECONDS}, SITE))
    until(process, "Lead traffic there")
    kill(process)
    known = len(entries())
    again = play("deploy", "-e", f"deploy_archive={packed('1.1.0')}")
    assert again.succeeded, again.output[-4000:]
    assert [entry["record"]["outcome"] for entry in entries()[known:]].count("interrupted") == 1
    serves("1.1.0")


def test_a_further_upgrade_that_failed_does_not_end_the_way_back():
    reach("1.1.0")
    late = "{{ (upgrade_host | default('') == 'app1') | ternary(99999999, 300) }}"  # when 1.2.0 lies where 1.0.0 lay
    run = upgrade("1.2.0", upgrade_rollback_seconds=late)
    assert run.status != 0
    assert last_record()["outcome"] == "rolled_back", run.output[-4000:]
    serves("1.1.0")
    back = play("rollback")
    assert back.succeeded, back.output[-4000:]
    serves("1.0.0")


def test_what_was_wrong_is_remembered_and_the_version_not_tried_again():
    reach("1.1.0")
    run = play("rollback", "-e", json.dumps({"rollback_reason": "slow since the upgrade"}))
    assert run.succeeded, run.output[-4000:]
    record = last_record()
    assert (record["verb"], record["outcome"]) == ("rollback", "success")
    assert (record["versions_before"], record["versions_after"]) == ({"trauma": "1.1.0"}, {"trauma": "1.0.0"})
    serves("1.0.0")
    assert all("1.1.0" in standing(host).bad for host in APPS)
    refused(upgrade("1.1.0"), "1.1.0 was marked BAD")
    assert upgrade("1.1.0").says("slow since the upgrade")


def test_one_step_back_is_all_there_is():
    reach("1.0.0")
    refused(play("rollback"), "There is no version that all app hosts could go back to")
    serves("1.0.0")
