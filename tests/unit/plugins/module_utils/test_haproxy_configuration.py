"""Which servers HAProxy's configuration puts into service, and that the role deploy's template says the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_configuration import (
    servers_in_service,
    with_service,
)
from ansible_collections.traumalink.ops.plugins.module_utils.haproxy_runtime import HaproxyError

TEMPLATE = Path(__file__).parents[4] / "roles/deploy/templates/haproxy.cfg.j2"


def rendered(**slots: str) -> str:
    """Return HAProxy's configuration as the role deploy writes it, with the slot that each app host's release is in."""
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True, autoescape=False)  # noqa: S701 - as Ansible does
    environment.filters["traumalink.ops.host_address"] = lambda host, _hostvars: f"{host}.example.org"
    variables: dict[str, Any] = {
        "groups": {"app": list(slots)},
        "hostvars": {host: {"deploy_staged": {"slot": slot}} for host, slot in slots.items()},
        "deploy_ports": {"green": 8002, "blue": 8001},
        "deploy_tls_certificate": "/etc/traumalink/tls/host.crt",
        "deploy_ready_path": "/ready",
        "deploy_server_requests": 32,
        "__deploy_name": "trauma",
        "__deploy_tls": "/etc/traumalink/tls",
    }
    return environment.from_string(TEMPLATE.read_text()).render(variables)


def test_the_template_says_which_servers_are_in_service() -> None:
    assert servers_in_service(rendered(app1="blue", app2="green"), "application") == {
        "app1-blue": True, "app1-green": False, "app2-blue": False, "app2-green": True,
    }  # fmt: skip


def test_after_a_switch_the_template_renders_what_is_there() -> None:
    text = rendered(app1="blue", app2="blue")
    text = with_service(text, "application", ["app1-green"], ["app1-blue"])
    assert text == rendered(app1="green", app2="blue")
    text = with_service(text, "application", ["app2-green"], ["app2-blue"])
    assert text == rendered(app1="green", app2="green")
    assert with_service(text, "application", ["app1-blue", "app2-blue"], ["app1-green", "app2-green"]) == rendered(
        app1="blue", app2="blue"
    )


def test_a_passed_check_can_be_told_from_none_with_the_template() -> None:
    """With `fall 1` a server that was never checked has the health of one that passed."""
    fall = re.search(r"default-server .*check .*\bfall (\d+)", rendered(app1="blue"))
    assert fall
    assert int(fall[1]) > 1


def test_a_slot_that_comes_back_is_not_overrun_by_all_who_wait() -> None:
    text = rendered(app1="blue")
    assert "default-server maxconn 32 check" in text
    assert "timeout queue 10s" in text


def test_nothing_keeps_browsers_at_a_server_that_drains() -> None:
    words = set(TEMPLATE.read_text().split())
    assert not words & {"cookie", "stick", "stick-table", "appsession", "prefer-last-server", "persist"}


TEXT = """\
defaults
    server of-none 192.0.2.1:80 disabled
backend other
    server app1-blue 192.0.2.9:80 disabled
backend application
    # server app1-blue is written below: disabled
\tserver app1-blue 192.0.2.1:80 disabled check  # \N{MIDDLE DOT}
    server disabled-host 192.0.2.2:80 verifyhost disabled.example.org
    use-server app1-blue if TRUE
listen application
    server app1-blue 192.0.2.8:80
"""


def test_touches_the_named_servers_of_the_backend_only() -> None:
    assert servers_in_service(TEXT, "application") == {"app1-blue": False, "disabled-host": True}
    changed = with_service(TEXT, "application", ["app1-blue"], ["disabled-host"])
    before, after = TEXT.split("\n"), changed.split("\n")
    assert [number for number, line in enumerate(after) if line != before[number]] == [6, 7]
    assert after[6] == "\tserver app1-blue 192.0.2.1:80 check  # \N{MIDDLE DOT}"
    assert after[7] == "    server disabled-host 192.0.2.2:80 verifyhost disabled.example.org disabled"
    assert with_service(changed, "application", ["app1-blue"], ["disabled-host"]) == changed


@pytest.mark.parametrize("backend", ["application", "nothing"])
def test_names_a_server_that_is_not_there(backend: str) -> None:
    known = "app1-blue, disabled-host" if backend == "application" else "none"
    with pytest.raises(
        HaproxyError, match=f"no server app7-blue in its backend {backend}; it has {known}. Deploy the site"
    ):
        with_service(TEXT, backend, [], ["app7-blue"])
