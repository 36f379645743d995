"""Unit files: sandboxed, and nothing in a command or a variable is changed on its way through systemd."""

from __future__ import annotations

import pytest
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.manifest import Process
from ansible_collections.traumalink.ops.plugins.module_utils.units import (
    environment_file,
    instance_drop_in,
    quoted,
    template_unit,
    unit_name,
)

WEB = Process("web", ("/usr/bin/gunicorn", "app:main"), False)


@pytest.mark.parametrize(
    ("argument", "written"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ("two words", '"two words"'),
        ("$HOME and ${X}", '"$$HOME and $${X}"'),
        ("100%i", '"100%%i"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("; rm -rf /", '"; rm -rf /"'),
    ],
)
def test_an_argument_reaches_the_program_as_it_is(argument: str, written: str) -> None:
    assert quoted(argument) == written


def test_a_line_break_cannot_smuggle_a_setting_in() -> None:
    with pytest.raises(OpsError):
        quoted("x\nExecStartPre=/bin/sh")
    with pytest.raises(OpsError):
        environment_file({"A": "x\nLD_PRELOAD=/tmp/evil.so"})
    with pytest.raises(OpsError):
        environment_file({"a b": "x"})


def test_the_template_is_sandboxed_and_runs_as_the_application() -> None:
    lines = template_unit("trauma", WEB, "trauma", "/etc/traumalink/trauma", "/opt/trauma/slots").splitlines()
    for line in (
        "User=trauma",
        "WorkingDirectory=/opt/trauma/slots/%i",
        "EnvironmentFile=/etc/traumalink/trauma/%i.env",
        "Restart=on-failure",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "CapabilityBoundingSet=",
        "MemoryDenyWriteExecute=yes",
        "SystemCallFilter=@system-service",
        "WantedBy=multi-user.target",
    ):
        assert line in lines
    # The command belongs to a slot, so that one release never changes what the other slot would start.
    assert not any(line.startswith("ExecStart") for line in lines)


def test_the_command_stands_in_the_slot_s_drop_in() -> None:
    assert 'ExecStart="/usr/bin/gunicorn" "app:main"\n' in instance_drop_in(
        WEB, "/opt/trauma/slots/blue", "trauma-1.0.0"
    )
    inside = Process("web", ("bin/web", "-v"), False)
    assert 'ExecStart="/opt/trauma/slots/blue/bin/web" "-v"\n' in instance_drop_in(
        inside, "/opt/trauma/slots/blue", "x"
    )
    assert unit_name("trauma", "web", "blue") == "trauma-web@blue.service"


def test_variables_are_sorted_and_quoted() -> None:
    text = environment_file({"B": "it's", "A": 'a "b" \\ $c `d`'})
    assert text.splitlines()[1:] == ['A="a \\"b\\" \\\\ \\$c \\`d\\`"', 'B="it\'s"']
