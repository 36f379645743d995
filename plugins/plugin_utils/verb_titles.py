# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verb does, in the words of the people who approve it or are told of it: Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["VERB_TITLES", "Title", "title_of"]


@dataclass(frozen=True)
class Title:
    """One thing's name in both languages."""

    zh: str
    en: str


# DESIGN, "The operation": every verb that runs as an operation on a site.
VERB_TITLES = {
    "backup": Title("备份数据库", "backup of the database"),
    "backup_check": Title("检查备份", "check of the backups"),
    "backup_files": Title("备份文件", "backup of files"),
    "compliance": Title("合同履行情况汇总", "summary of the contract's fulfilment"),
    "deploy": Title("部署应用", "deployment of the application"),
    "drill": Title("恢复演练", "restore drill"),
    "failover": Title("数据库主备切换", "switch to the standby database"),
    "fault": Title("故障处理", "handling of a fault"),
    "finalize": Title("完成升级（清理旧版本）", "completion of an upgrade (the old version is removed)"),
    "inspect": Title("巡检", "inspection"),
    "ledger": Title("维护台账", "maintenance of the ledger"),
    "maintain_database": Title("维护数据库", "maintenance of the database"),
    "migrate": Title("系统迁移", "migration to other servers"),
    "monitor": Title("部署监控", "deployment of the monitoring"),
    "patch": Title("安装安全补丁", "installation of security patches"),
    "patch_plan": Title("制定安全补丁计划", "plan of the security patches"),
    "patch_undo": Title("撤回安全补丁", "security patches taken back"),
    "record": Title("登记人工工作", "record of work done by hand"),
    "report": Title("生成报表", "report"),
    "restore": Title("恢复数据库", "restore of the database"),
    "restore_database": Title("恢复单个数据库或单张表", "restore of one database or table"),
    "restore_files": Title("恢复文件", "restore of files"),
    "rollback": Title("回退到上一版本", "rollback to the version before"),
    "rotate_credentials": Title("更换口令和密钥", "change of passwords and keys"),
    "site": Title("部署整个站点", "deployment of the whole site"),
    "upgrade": Title("升级应用", "upgrade of the application"),
}


def title_of(verb: str) -> Title:
    """Return the title of `verb`; a verb without one stands for itself."""
    return VERB_TITLES.get(verb, Title(verb, verb))
