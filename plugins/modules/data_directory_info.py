#!/usr/bin/python
# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: whether a database's data is there, and whether a restore of it was left unconcluded."""

from __future__ import annotations

DOCUMENTATION = r"""
module: data_directory_info
short_description: Whether a database's data is there, and whether a restore of it was left unconcluded
options:
  data_directory: {description: Absolute path of the data., type: path, required: true}
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Reads only.}
author: The traumalink.ops developers
"""

EXAMPLES = r"""
- name: See whether the database has its data
  traumalink.ops.data_directory_info:
    data_directory: /var/lib/postgresql/15/main
"""

RETURN = r"""
exists: {description: Whether PostgreSQL's data lies there., returned: success, type: bool}
restore:
  description:
    - V(none); V(copying), a restore was cut off while it copied; V(replaying), all is laid down and WAL is still to be replayed;
      V(served), a server has opened it for writes, and nobody has seen whether all archived WAL is in it;
      V(stale), the mark of a restore is left whose data is not there any more.
  returned: success
  type: str
wal_problem:
  description: Why its WAL segments are of a size that is not supported, with what to do; empty where they are not.
  returned: success
  type: str
left:
  description: What a restore has left that was not concluded, where the old data lies, and what to do; empty where the data is as it was before.
  returned: success
  type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.traumalink.ops.plugins.module_utils.restore_left import left_words
from ansible_collections.traumalink.ops.plugins.module_utils.restore_target import RestoreTarget
from ansible_collections.traumalink.ops.plugins.module_utils.wal_segments import segment_problem


def main() -> None:
    """Arguments in, one call, result out."""
    module = AnsibleModule(
        argument_spec={"data_directory": {"type": "path", "required": True}}, supports_check_mode=True
    )
    target = RestoreTarget(Path(module.params["data_directory"]))
    exists = (target.data_directory / "PG_VERSION").exists()
    module.exit_json(
        changed=False,
        exists=exists,
        restore=target.unconcluded,
        left=left_words(target),
        wal_problem=segment_problem(target.data_directory),
    )


if __name__ == "__main__":
    main()
