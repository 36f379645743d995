"""Lines of pg_hba.conf and pg_ident.conf: quoting, addresses, and nothing wider than asked."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.postgresql_access import (
    AccessError,
    Client,
    hba_lines,
    ident_lines,
)


def test_the_backup_enters_by_its_system_user_only() -> None:
    assert hba_lines([], "traumalink_backup") == ["local all traumalink_backup peer map=traumalink"]
    assert ident_lines("traumalink_backup") == ["traumalink postgres traumalink_backup"]


def test_clients_enter_over_tls_with_scram_one_line_an_address() -> None:
    client = Client("trauma", ["trauma_app", "trauma_report"], ["10.1.2.3", "10.1.2.0/24"])
    assert hba_lines([client, Client("other", ["o"], ["fd00::1"])], "backup")[1:] == [
        "hostssl trauma trauma_app,trauma_report 10.1.2.3/32 scram-sha-256",
        "hostssl trauma trauma_app,trauma_report 10.1.2.0/24 scram-sha-256",
        "hostssl other o fd00::1/128 scram-sha-256",
    ]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("trauma", "trauma"),
        ("trauma_2", "trauma_2"),
        # PostgreSQL documentation 21.1: quotes take the meaning away from keywords and from +, @ and commas.
        ("all", '"all"'),
        ("replication", '"replication"'),
        ("sameuser", '"sameuser"'),
        ("samerole", '"samerole"'),
        ("samegroup", '"samegroup"'),
        ("Trauma", '"Trauma"'),
        ("trauma app", '"trauma app"'),
        ("a,b", '"a,b"'),
        ("+group", '"+group"'),
        ("@file", '"@file"'),
        ("x#y", '"x#y"'),
        ("创伤", '"创伤"'),
    ],
)
def test_names_lose_every_other_meaning(name: str, written: str) -> None:
    line = hba_lines([Client(name, [name], ["10.0.0.1"])], "backup")[1]
    assert line == f"hostssl {written} {written} 10.0.0.1/32 scram-sha-256"
    assert ident_lines(name) == [f"traumalink postgres {written}"]
    assert hba_lines([], name) == [f"local all {written} peer map=traumalink"]


@pytest.mark.parametrize("name", ["", 'a"b', "a\nhost all all 0.0.0.0/0 trust", "a\rb", "a\0b"])
def test_refuses_names_that_would_end_the_field(name: str) -> None:
    for attempt in (
        lambda: hba_lines([Client(name, ["a"], ["10.0.0.1"])], "backup"),
        lambda: hba_lines([Client("a", [name], ["10.0.0.1"])], "backup"),
        lambda: ident_lines(name),
    ):
        with pytest.raises(AccessError, match=r"cannot stand in pg_hba\.conf"):
            attempt()


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("10.1.2.3", "10.1.2.3/32"),
        ("10.1.2.0/24", "10.1.2.0/24"),
        ("10.1.2.0/255.255.255.0", "10.1.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("fd00::/8", "fd00::/8"),
        ("FD00:0::1", "fd00::1/128"),
        ("app1.hospital.example", "app1.hospital.example"),
        ("app1", "app1"),
    ],
)
def test_addresses_and_host_names(address: str, written: str) -> None:
    assert hba_lines([Client("d", ["r"], [address])], "backup")[1] == f"hostssl d r {written} scram-sha-256"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "all",
        "samehost",
        "samenet",
        "10.1.2.3/24",
        "10.1.2.300",
        "10.1.2.0/33",
        ".example.com",
        "a b",
        "a\nb",
        "a/24",
    ],
)
def test_refuses_what_would_open_more_or_nothing(address: str) -> None:
    with pytest.raises(AccessError, match=r"is no IP address, network or host name; write for example 10\.1\.2\.3"):
        hba_lines([Client("d", ["r"], [address])], "backup")
