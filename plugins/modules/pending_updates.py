#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: what waits on a host to be patched."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pending_updates
short_description: Tell which updates wait on a Debian host, and what they mend
description:
  - Asks apt by python-apt, Debian's own library. An update counts as a security update where the candidate, or a version that it passes over, comes from an
    archive with the label C(Debian-Security) and the codename of the host's release; suites such as C(stable) are not looked at.
  - CVE ids are those that the Debian changelogs inside the packages name between the installed and the new version, as apt-listchanges reads them. A changelog
    may be trimmed or linked away, so a missing id says nothing.
  - It installs nothing. Lists of the mirror and packages that were fetched stay in apt's cache.
options:
  scope:
    description: Which updates are asked for. With V(security) what these need comes as well.
    type: str
    choices: [security, all]
    default: security
  refresh: {description: Whether the mirror's lists are read anew., type: bool, default: true}
  download: {description: "Whether the packages are fetched, so that their changelogs can be read.", type: bool, default: true}
  tracker_file:
    description: File on the host that Debian's security tracker publishes for debsecan for this release, mirrored; empty for none.
    type: path
    default: ""
  packages: {description: "Packages of which RV(host) tells the version that is there now, as C(packages).", type: list, elements: str, default: []}
  lock_seconds: {description: How long another who installs is waited for., type: float, default: 300}
attributes:
  check_mode: {support: full, description: "Reads no lists anew and fetches nothing, so only changelogs of packages that lie there are read."}
  diff_mode: {support: none, description: There is nothing to compare.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See what waits
  traumalink.ops.pending_updates:
    scope: security
"""

RETURN = r"""
host:
  description:
    - "C(release) (C(codename), C(version)), C(versions) of programs that matter, C(support) (until when each is supported), C(security_source), C(broken) (what an
      interrupted dpkg has left), C(updates), C(other), C(held), C(kept_back), C(restarts) (what needrestart says) and C(known) (what the tracker's file says)."
    - "Each of C(updates) has C(name), C(installed), C(candidate), C(source), C(origins), C(security), C(step), C(way_back), C(old_package), C(vulnerabilities)
      and C(changelog), whether one was found that reaches back to the installed version."
  returned: success
  type: dict
"""

from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.apt_get import AptGet, left_broken
from ansible_collections.traumalink.ops.plugins.module_utils.command import run
from ansible_collections.traumalink.ops.plugins.module_utils.errors import OpsError
from ansible_collections.traumalink.ops.plugins.module_utils.host_updates import Look, look
from ansible_collections.traumalink.ops.plugins.module_utils.progress import say


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={
            "scope": {"type": "str", "choices": ["security", "all"], "default": "security"},
            "refresh": {"type": "bool", "default": True},
            "download": {"type": "bool", "default": True},
            "tracker_file": {"type": "path", "default": ""},
            "packages": {"type": "list", "elements": "str", "default": []},
            "lock_seconds": {"type": "float", "default": 300},
        },
        supports_check_mode=True,
    )
    given, reads_only = module.params, module.check_mode
    try:
        tracker = Path(given["tracker_file"]).read_bytes() if given["tracker_file"] else b""
        wanted = Look(
            given["scope"],
            given["refresh"] and not reads_only,
            given["download"] and not reads_only,
            tracker,
            tuple(given["packages"]),
        )
        apt = AptGet(run, given["lock_seconds"], say)
        if not reads_only and left_broken(run):
            apt.fits()  # somebody else who installs just now is waited for, and named
        host = look(wanted, apt, run, datetime.now(UTC).date(), left_broken(run))
    except (OpsError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, host=host)


if __name__ == "__main__":
    main()
