"""AWX's state beside the data: what is missing, what is too much, and what of a hidden password is sent."""

from __future__ import annotations

from typing import Any

from ansible_collections.traumalink.ops.plugins.plugin_utils.awx_comparison import comparison

CONFIGURATION = {"host": "mail", "password": "", "recipients": ["a@b"]}


def wanted(**kinds: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return objects of one site."""
    return {"job_templates": [{"name": "lab backup"}], "grants": [{"team": "lab vendor"}], **kinds}


def test_it_tells_what_is_missing_and_what_is_too_much() -> None:
    held = {"job_templates": [{"name": "lab drill"}], "schedules": [{"name": "lab drill monthly"}]}
    found = comparison(wanted(), held, "lab")
    assert found["missing"] == {"job_templates": ["lab backup"]}
    assert {kind: names for kind, names in found["leftover"].items() if names} == {
        "job_templates": ["lab drill"],
        "schedules": ["lab drill monthly"],
    }


def test_another_site_s_things_are_never_too_much() -> None:
    held = {"job_templates": [{"name": "lab_two drill"}, {"name": "labs"}, {"name": "lab"}]}
    assert comparison(wanted(), held, "lab")["leftover"]["job_templates"] == []


def test_credentials_organization_and_shared_types_are_never_removed() -> None:
    held = {
        "credentials": [{"name": "lab old"}],
        "organizations": [{"name": "lab x"}],
        "credential_types": [{"name": "lab y"}],
    }
    found = comparison(wanted(), held, "lab")
    assert found["kept"] == ["lab old"]
    assert [names for names in found["leftover"].values() if names] == []


def test_steps_of_a_workflow_are_told_apart_by_their_identifiers() -> None:
    held = {"workflow_nodes": [{"identifier": "plan"}, {"identifier": "old"}]}
    found = comparison(wanted(workflow_nodes=[{"identifier": "plan"}, {"identifier": "verify"}]), held, "lab")
    assert found["leftover"]["workflow_nodes"] == ["old"]
    assert found["missing"]["workflow_nodes"] == ["verify"]


def sent(shown: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what is sent where AWX shows a configuration, or holds none."""
    templates = [{"name": "lab mail", "notification_configuration": CONFIGURATION}]
    held = [{"name": "lab mail", "notification_configuration": shown}] if shown else []
    found = comparison(wanted(notification_templates=templates), {"notification_templates": held}, "lab")
    configurations: dict[str, dict[str, Any] | None] = found["configurations"]
    return configurations["lab mail"]


def test_a_new_notification_is_sent_whole() -> None:
    assert sent(None) == CONFIGURATION


def test_one_that_differs_in_nothing_but_a_hidden_password_is_not_sent() -> None:
    assert sent({**CONFIGURATION, "password": "$encrypted$"}) is None
    assert sent(CONFIGURATION) is None


def test_one_that_differs_keeps_the_password_that_awx_hides() -> None:
    shown = {**CONFIGURATION, "password": "$encrypted$", "host": "old"}
    assert sent(shown) == {**CONFIGURATION, "password": "$encrypted$"}
