# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extra variables (-e, a survey's answers in AWX): which of them whoever starts an operation may give, and which would force it past the gate.

Ansible lets an extra variable win over everything, a playbook's own word and registered results among it, so `-e operation_verb=inspect` would
take any verb past its window. What is not named here as given by a person is refused, also a name that comes later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible.utils.vars import load_extra_vars

__all__ = ["GIVEN", "OF_THE_SITE", "RESULTS", "given_as_extra", "refusal"]

# What whoever starts a run says about this one run; the gate judges it and the record tells of it.
GIVEN = frozenset(
    {
        "operation_approval",
        "operation_emergency_by",
        "operation_emergency_reason",
        "operation_expected",
        "operation_lock_wait",
        "operation_lost_hosts",
        "operation_now",
        "operation_preview",
        "operation_rehearsal",
    }
)
# What holds for the site whoever runs something: its inventory says it, where a change can be seen.
OF_THE_SITE = frozenset(
    {
        "contract",
        "ledger_controller_head",
        "ledger_countersign_public_key",
        "ledger_witness_host",
        "site_countersign_key",
        "site_countersign_public_key",
        "site_name",
        "operation_clock_limit_seconds",
        "operation_controller_head",
        "operation_controller_records",
        "operation_countersign_key",
        "operation_head_mail_to",
        "operation_head_webhook_url",
        "operation_lease_seconds",
        "operation_mail_from",
        "operation_mail_host",
        "operation_mail_password",
        "operation_mail_port",
        "operation_mail_secure",
        "operation_mail_to",
        "operation_mail_username",
        "operation_rehearsals_allowed",
        "operation_webhook_format",
        "operation_webhook_url",
        "operation_witness_host",
    }
)
# What Ansible and the roles find out while they run: the record and later tasks believe it (a unit test compares it with the roles).
RESULTS = frozenset(
    {
        "ansible_failed_result",
        "ansible_failed_task",
        "backup_check_found",
        "backup_figures",
        "backup_run",
        "backup_vault",
        "backup_verified",
        "database_endpoint_host",
        "database_endpoint_retired",
        "database_endpoint_started_at",
        "deploy_health",
        "deploy_host",
        "deploy_migrated",
        "deploy_migration_kinds",
        "deploy_pending",
        "deploy_release",
        "deploy_retry_bad",
        "deploy_singletons",
        "deploy_staged",
        "deploy_version_after",
        "deploy_version_before",
        "drill_run",
        "file_backup_drilled",
        "file_backup_kept",
        "file_backup_restore_looked",
        "file_backup_restore_over_files",
        "file_backup_restore_planned",
        "file_backup_restored",
        "file_backup_taken",
        "file_backup_vaulted",
        "finalize_figures",
        "finalize_found",
        "finalize_point",
        "finalize_standing",
        "inventory_hostname",
        "ledger_actor",
        "ledger_figures",
        "patch_after_reboot",
        "patch_compared",
        "patch_database_installed",
        "patch_database_restarted",
        "patch_database_role",
        "patch_done",
        "patch_download",
        "patch_engine_installed",
        "patch_fetched",
        "patch_found",
        "patch_health",
        "patch_health_before",
        "patch_host",
        "patch_host_now",
        "patch_installed",
        "patch_left_open",
        "patch_made",
        "patch_packages",
        "patch_read",
        "patch_reported",
        "patch_rebooted",
        "patch_restarted",
        "patch_running",
        "patch_settled",
        "patch_standing",
        "patch_step",
        "patch_taken_back",
        "patch_traffic_before",
        "patch_traffic_end",
        "patch_traffic_start",
        "patch_undone",
        "patch_would_undo",
        "postgresql_cluster",
        "postgresql_create",
        "record_by_hand",
        "restore_began",
        "restore_data",
        "restore_database_run",
        "restore_over_serving_database",
        "restore_leads_to_current",
        "restore_planned",
        "restore_recovered",
        "restore_summary",
        "rollback_bad_reason",
        "rollback_found",
        "rollback_name",
        "rollback_path",
        "rollback_registers",
        "rollback_slots",
        "upgrade_against",
        "upgrade_around",
        "upgrade_blame",
        "upgrade_closed",
        "upgrade_database_now",
        "upgrade_database_started",
        "upgrade_decided",
        "upgrade_edges_now",
        "upgrade_figures",
        "upgrade_found",
        "upgrade_health",
        "upgrade_host",
        "upgrade_mark",
        "upgrade_migrations",
        "upgrade_opened",
        "upgrade_path",
        "upgrade_point",
        "upgrade_running",
        "upgrade_server_before",
        "upgrade_standing",
        "upgrade_stands",
        "upgrade_step",
        "upgrade_traffic_before",
        "upgrade_traffic_end",
        "upgrade_traffic_start",
        "upgrade_transactions",
    }
)
INSIDE = ("operation_", "__")  # everything else of these is the playbook's and the roles' alone


def refusal(names: Iterable[str]) -> str:
    """Return why a run with these extra variables is refused, naming each that is not for a person to give; "" where all are."""
    decided = OF_THE_SITE | RESULTS
    forced = {name for name in names if name in decided or (name.startswith(INSIDE) and name not in GIVEN)}
    said = []
    if inside := sorted(forced - OF_THE_SITE):
        said.append(f"{', '.join(inside)}: only the playbook decides that, leave it out")
    if site := sorted(forced & OF_THE_SITE):
        said.append(f"{', '.join(site)}: that holds for the site, write it into the inventory's group_vars")
    return f"Given as extra variables (-e) were {'; '.join(said)}. Nothing was changed" if said else ""


def given_as_extra(action: Any) -> set[str]:
    """Return the names of all extra variables of the run that an action plugin is part of.

    Ansible has read them before it started its workers, which inherit them.
    """
    return set(load_extra_vars(action._loader))
