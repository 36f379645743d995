"""The files that HAProxy reads: those that its template names."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.traumalink.ops.plugins.filter.haproxy_files import FilterModule

TEMPLATE = Path(__file__).resolve().parents[4] / "roles/deploy/templates/haproxy.cfg.j2"


def test_they_are_what_the_template_names() -> None:
    files = FilterModule().filters()["haproxy_files"]("/etc/ssl/hospital/trauma.crt")
    text = TEMPLATE.read_text(encoding="utf-8").replace("{{ deploy_tls_certificate }}", "/etc/ssl/hospital/trauma.crt")
    named = re.findall(
        r"(?:\bcrt|ca-file|errorfile 503) (/\S+)", text.replace("{{ __deploy_tls }}", "/etc/traumalink/tls")
    )
    assert named
    assert {"/etc/haproxy/haproxy.cfg", *named} == set(files)
