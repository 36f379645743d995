# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for each finding, in Chinese and English: what it is, why it matters, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from .finding import Finding

__all__ = ["FINDING_TEXTS", "Words", "sentence", "words"]


@dataclass(frozen=True)
class Words:
    """A finding for people: what was noticed, why it matters, what to do."""

    what: str
    why: str
    todo: str


FINDING_TEXTS: Mapping[str, Mapping[str, Words]] = {
    "repository": {
        "zh": Words("备份仓库无法使用：{problem}", "读不出的仓库既不能恢复，也不能接收新的备份", "查看 ops 上的磁盘和 /var/log/pgbackrest，排除后重新检查"),
        "en": Words("the repository is not well: {problem}", "what cannot be read cannot be restored, and takes nothing new", "look at the disk of ops and at /var/log/pgbackrest, and check again"),
    },
    "damaged": {
        "zh": Words("仓库中的文件已损坏或丢失：{files}", "用到这些文件的备份无法恢复", "从第二份副本恢复，并立即做一次全量备份（-e backup_type=full）；查明是磁盘故障还是人为"),
        "en": Words("files of the repository are damaged or gone: {files}", "backups that use them cannot be restored", "restore from the second copy meanwhile, take a full backup now (-e backup_type=full), and find out whether a disk or somebody did it"),
    },
    "no_backup": {
        "zh": Words("没有任何经过验证的备份", "数据库一旦丢失，将无法恢复", "立即运行 traumalink.ops.backup"),
        "en": Words("there is no backup that counts", "a lost database could not be brought back", "run traumalink.ops.backup now"),
    },
    "backup_late": {
        "zh": Words("最近一次成功备份 {label} 完成于 {at}，已过去 {hours} 小时，约定不超过 {limit} 小时", "合同要求每日备份（4.6）；备份越旧，恢复越慢，依赖的 WAL 越多", "查看台账中失败或缺失的备份，并运行 traumalink.ops.backup"),
        "en": Words("the last backup that counts, {label}, was proven at {at}, {hours} hours ago; {limit} at most are agreed", "a backup every day is agreed (clause 4.6); from an older one a restore takes longer and needs more WAL", "look in the ledger why backups failed or did not run, and run traumalink.ops.backup"),
    },
    "unproven": {
        "zh": Words("以下备份未经验证：{labels}", "未验证的备份可能缺少 WAL 或数据行", "运行 traumalink.ops.backup；新的备份经验证后，旧的会按期清除"),
        "en": Words("nothing is proven of these sets: {labels}", "they may lack WAL or rows", "run traumalink.ops.backup; once a new set is proven, old ones go in their time"),
    },
    "wal_late": {
        "zh": Words("最近的 WAL 归档于 {at}，已过去 {minutes} 分钟，上限 {limit} 分钟（{problem}）", "数据库主机此刻丢失，则此后提交的数据全部丢失", "查看数据库主机上的 pg_stat_archiver，以及 ops 上的仓库服务和磁盘空间；原因消除后 WAL 会自动补传"),
        "en": Words("the newest WAL came in at {at}, {minutes} minutes ago; the limit is {limit} ({problem})", "if the database host were lost now, all that was committed since would be lost", "look at pg_stat_archiver on the database host, and at the repository's server and disk on ops; WAL follows by itself once the cause is gone"),
    },
    "no_way": {
        "zh": Words("无法确定备份 {label} 之后的恢复路径：{problem}", "时间线不连续，恢复到最新状态可能失败", "立即做一次全量备份（-e backup_type=full）"),
        "en": Words("no way leads on from backup {label}: {problem}", "a restore of it may not reach the present", "take a full backup now (-e backup_type=full)"),
    },
    "set_broken": {
        "zh": Words("备份 {label} 无法恢复：缺少 WAL 段 {gap}", "缺少该备份自身所需的 WAL", "立即做一次全量备份（-e backup_type=full），并查明是谁删除了文件"),
        "en": Words("backup {label} cannot be restored: WAL segment {gap} is missing", "the set needs that WAL itself", "take a full backup now (-e backup_type=full), and find out what removed the file"),
    },
    "wal_gap": {
        "zh": Words("备份 {label} 之后的 WAL 有缺口：缺少段 {gap}", "从该备份恢复只能到缺口为止，此后的数据会丢失", "立即做一次备份，并查明是谁删除了文件"),
        "en": Words("WAL after backup {label} has a gap: segment {gap} is missing", "a restore of it ends there, and what was committed later would be lost", "take a backup now, and find out what removed the file"),
    },
    "drill_failed": {
        "zh": Words("{at} 对备份 {label} 的恢复演练失败：{reason}", "恢复不了的备份等于没有备份", "按原因处理，做一次全量备份，再运行 traumalink.ops.drill"),
        "en": Words("the drill of backup {label} at {at} failed: {reason}", "a backup that does not come back is none", "see to its cause, take a full backup, and run traumalink.ops.drill"),
    },
    "no_drill": {
        "zh": Words("从未成功进行过恢复演练", "备份是否可恢复未经证明", "运行 traumalink.ops.drill"),
        "en": Words("no drill has brought a backup back yet", "nobody has seen that the backups can be restored", "run traumalink.ops.drill"),
    },
    "drill_late": {
        "zh": Words("最近一次成功演练（备份 {label}）在 {at}，已过去 {days} 天，约定不超过 {limit} 天", "超过期限的备份视为未经证明", "运行 traumalink.ops.drill"),
        "en": Words("the last good drill (backup {label}) was at {at}, {days} days ago; {limit} at most are agreed", "backups without a drill in that time count as unproven", "run traumalink.ops.drill"),
    },
    "room": {
        "zh": Words("仓库剩余空间 {bytes} 字节（{percent}%），预计 {days} 天后写满", "写满后备份和 WAL 归档都会停止，数据库主机磁盘随之被占满", "扩大 ops 上仓库所在的文件系统，或缩短保留期（合同 backups.retention，不少于 7 天）"),
        "en": Words("{bytes} bytes of the repository are free ({percent} %), it is full in {days} days", "a full repository takes neither backups nor WAL, and the database's disk fills next", "give the repository's file system on ops more room, or keep backups shorter (contract, backups.retention, 7 days at least)"),
    },
    "certificate_unread": {
        "zh": Words("证书 {name} 无法检查：{problem}", "过期或不被信任的证书会使归档和备份中断", "查看该主机的服务，运行 traumalink.ops.site 续签证书"),
        "en": Words("the certificate of {name} cannot be looked at: {problem}", "one that has ended, or is not trusted, stops archiving and backups", "look at that host's server; traumalink.ops.site renews certificates"),
    },
    "certificate_ends": {
        "zh": Words("证书 {name} 将于 {at} 到期（{days} 天后）", "到期后归档和备份都会中断", "运行 traumalink.ops.site 续签证书"),
        "en": Words("the certificate {name} ends at {at} (in {days} days)", "archiving and backups stop then", "run traumalink.ops.site, which renews certificates"),
    },
    "vault": {
        "zh": Words("第二份副本未能更新：{problem}", "若仓库被毁或被篡改，只能退回到旧的副本", "按提示处理；运行 traumalink.ops.backup 会重新复制"),
        "en": Words("the second copy is not kept up: {problem}", "should the repository be lost or spoilt, only an older copy is left", "do as it says; traumalink.ops.backup copies again"),
    },
    "vault_damaged": {
        "zh": Words("第二份副本中的文件已损坏、丢失或无法读取：{files}", "仓库丢失时，用到这些文件的备份无法从第二份副本恢复；已有的文件从不覆盖，不会自行修复", "检查该存储的磁盘；把损坏的文件移走，再运行 traumalink.ops.backup，从仓库重新复制；仓库中也没有时，做一次全量备份"),
        "en": Words("files of the second copy are damaged, gone or cannot be read: {files}", "should the repository be lost, backups that use them cannot be restored; what is there is never written over, so it does not mend itself", "look at the disk of that mount; move damaged files away, and run traumalink.ops.backup, which copies them again from the repository; where they are not there either, take a full backup"),
    },
    "vault_silent": {
        "zh": Words("第二份副本没有动静，最近一次为 {at}", "若仓库被毁或被篡改，只能退回到旧的副本", "查看 ops 上的 traumalink-vault.timer 和所挂载的存储"),
        "en": Words("nothing is heard of the second copy since {at}", "should the repository be lost or spoilt, only an older copy is left", "look at traumalink-vault.timer on ops and at the mount"),
    },
    "second": {
        "zh": Words("第二个仓库无法使用：{problem}", "若 ops 及其仓库丢失，第二个仓库可能也无法恢复", "查看该存储及其密钥、ops 上的 /var/log/pgbackrest，排除后运行 traumalink.ops.backup"),
        "en": Words("the second repository is not well: {problem}", "should ops be lost with its repository, this one may not bring anything back either", "look at the store, its keys, and /var/log/pgbackrest on ops; then run traumalink.ops.backup"),
    },
    "second_late": {
        "zh": Words("第二个仓库最近一次得到证实的备份是 {label}（{at}），约定不超过 {limit} 小时", "若 ops 及其仓库丢失，只能退回到更早的备份", "查看台账中失败或缺失的备份，并运行 traumalink.ops.backup"),
        "en": Words("the last backup that was seen whole in the second repository is {label} ({at}); {limit} hours at most are agreed", "should ops be lost with its repository, only older backups are left", "look in the ledger why backups failed or did not run, and run traumalink.ops.backup"),
    },
    "second_wal_late": {
        "zh": Words("自 {at} 起（{minutes} 分钟）WAL 未进入第二个仓库，上限 {limit} 分钟", "若 ops 及其仓库丢失，此后提交的数据无法从第二个仓库恢复", "查看该存储是否可达；原因消除后 WAL 会自动补传"),
        "en": Words("no WAL has come into the second repository since {at}, for {minutes} minutes; the limit is {limit}", "should ops be lost with its repository, what was committed since could not be brought back from this one", "see whether the store can be reached; WAL follows by itself once the cause is gone"),
    },
    "days_missing": {
        "zh": Words("以下日期没有成功的备份：{days}", "合同要求每日备份（4.6）", "在台账中查看这些日期失败或未运行的原因"),
        "en": Words("these days have no backup that succeeded: {days}", "a backup every day is agreed (clause 4.6)", "look in the ledger why it failed or did not run then"),
    },
    "retention_short": {
        "zh": Words("仓库中最早的全量备份为 {at}，不足约定的 {limit} 天", "约定期限内较早的时间点已无法恢复（4.6）", "查明备份为何提前清除；第二份副本保留时间更长，可从中恢复"),
        "en": Words("the oldest full backup of the repository is of {at}, less than the {limit} days that are agreed", "earlier times that are agreed upon cannot be restored any more (clause 4.6)", "find out why backups went early; the second copy keeps longer, and can be restored from"),
    },
    "files_none": {
        "zh": Words("主机 {host} 的文件从未成功备份", "数据库之外的文件（上传文件、配置）一旦丢失，将无法恢复（4.6）", "立即运行 traumalink.ops.backup_files"),
        "en": Words("there is no backup of the files of {host} that counts", "uploads and configuration could not be brought back (clause 4.6)", "run traumalink.ops.backup_files now"),
    },
    "files_late": {
        "zh": Words("主机 {host} 的文件最近一次成功备份在 {at}，已过去 {hours} 小时，约定不超过 {limit} 小时", "合同要求每日备份（4.6），此后新增的文件尚无备份", "查看台账中失败或缺失的备份，并运行 traumalink.ops.backup_files"),
        "en": Words("the last backup of the files of {host} was taken at {at}, {hours} hours ago; {limit} at most are agreed", "a backup every day is agreed (clause 4.6), and newer files have none", "look in the ledger why it failed or did not run, and run traumalink.ops.backup_files"),
    },
    "files_drill_failed": {
        "zh": Words("{at} 对主机 {host} 文件备份的恢复演练失败：{reason}", "恢复不了的备份等于没有备份", "运行 traumalink.ops.backup_files，再运行 traumalink.ops.drill"),
        "en": Words("the drill of the files of {host} at {at} failed: {reason}", "a backup that does not come back is none", "run traumalink.ops.backup_files, and traumalink.ops.drill again"),
    },
    "files_drill_late": {
        "zh": Words("主机 {host} 的文件备份最近一次成功演练在 {at}，约定每 {limit} 天至少一次", "超过期限的备份视为未经证明", "运行 traumalink.ops.drill"),
        "en": Words("the last good drill of the files of {host} was at {at}; one in {limit} days is agreed", "backups without a drill in that time count as unproven", "run traumalink.ops.drill"),
    },
    "files_days_missing": {
        "zh": Words("以下日期没有成功的文件备份：{days}", "合同要求每日备份（4.6）", "在台账中查看这些日期失败或未运行的原因"),
        "en": Words("these days have no backup of files that succeeded: {days}", "a backup every day is agreed (clause 4.6)", "look in the ledger why it failed or did not run then"),
    },
    "no_vault": {
        "zh": Words("没有第二份副本", "ops 丢失或被破坏时，所有备份一并丢失", "将 NAS 挂载到 ops，并设置 backup_vault_path"),
        "en": Words("there is no second copy", "whoever loses or spoils ops takes all backups along", "mount a NAS on ops, and set backup_vault_path"),
    },
}  # fmt: skip


def words(finding: Finding, language: str, zone: tzinfo = UTC) -> Words:
    """Return a finding's words in a language (`zh`, `en`), with times in a time zone."""
    texts = FINDING_TEXTS[finding.code][language]
    values = {name: shown(value, zone) for name, value in finding.values.items()}
    return Words(texts.what.format_map(values), texts.why, texts.todo)


def sentence(finding: Finding, language: str, zone: tzinfo = UTC) -> str:
    """Return a finding as one line: what, and what to do."""
    told = words(finding, language, zone)
    return f"{told.what}{'。' if language == 'zh' else '. '}{told.todo[0].upper()}{told.todo[1:]}"


def shown(value: Any, zone: tzinfo) -> str:
    """Return a value as it stands in a text; a time with its offset, so that nobody takes it for another zone's."""
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M %z}"
    return f"{value:,}" if isinstance(value, int) else str(value)
