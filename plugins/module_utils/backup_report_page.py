# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monthly report of the backups (clause 4.6) as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from .backup_month import BackupMonth
from .backup_status import Facts, newest_proven
from .finding import CRITICAL, WARNING, Finding
from .finding_texts import words
from .growth_chart import Point, chart
from .report_page import FONT, Text, page, trusted

__all__ = ["TEXTS", "Heading", "backup_page"]

TEXTS: Mapping[str, Text] = {
    "title": Text("备份月报", "Monthly report of the backups"),
    "contract": Text("合同", "Contract"),
    "site": Text("站点", "Site"),
    "made": Text("生成时间", "Made at"),
    "run": Text("运行编号", "Run id"),
    "summary": Text("概要", "Summary"),
    "verdict": Text("结论", "Verdict"),
    "good": Text("备份可用，未发现问题", "The backups are well; no problem was found"),
    "bad": Text("发现问题，见下表", "Something was found; see below"),
    "grave": Text("有严重问题，须立即处理", "Something grave was found; act now"),
    "days_backed_up": Text("有备份的天数", "Days with a backup"),
    "days_missing": Text("缺少备份的天数", "Days without a backup"),
    "last": Text("最近一次经验证的备份", "Last backup that counts"),
    "last_wal": Text("最近归档的 WAL", "Newest archived WAL"),
    "retention": Text("保留期（约定 / 实际）", "Retention (agreed / as it is)"),
    "days_unit": Text("天", "days"),
    "since": Text("自", "since"),
    "any_time": Text("可恢复到任意时间点的起点", "Any time can be restored since"),
    "restore": Text("预计恢复时间", "Restore, estimated"),
    "by_drill": Text("按最近一次成功演练和当前数据量推算", "by the last good drill, at the present size"),
    "free": Text("仓库剩余空间", "Free space of the repository"),
    "full_in": Text("预计写满", "full in"),
    "nothing": Text("无", "none"),
    "unknown": Text("尚不可知", "not known yet"),
    "findings": Text("发现", "Findings"),
    "severity": Text("级别", "Severity"),
    "what": Text("情况", "What"),
    "why": Text("影响", "Why it matters"),
    "todo": Text("处理", "What to do"),
    "critical": Text("严重", "critical"),
    "warning": Text("警告", "warning"),
    "notice": Text("提示", "notice"),
    "days": Text("每日备份", "Every day"),
    "date": Text("日期", "Date"),
    "state": Text("状态", "State"),
    "backed_up": Text("有备份", "backed up"),
    "missing": Text("缺失", "missing"),
    "coming": Text("未到", "to come"),
    "before": Text("尚未启用", "not begun"),
    "sets": Text("备份", "Backups"),
    "files": Text("文件", "Files"),
    "files_beside": Text("数据库之外的文件", "Files beside the database"),
    "host": Text("主机", "Host"),
    "files_at": Text("最近一次备份", "Last backup that counts"),
    "files_count": Text("文件数", "Files"),
    "files_size": Text("大小", "Size"),
    "files_drill": Text("最近一次演练", "Last drill"),
    "remarks": Text("失败的尝试", "Attempts that failed"),
    "kept": Text("在库", "kept"),
    "gone": Text("已到期清除", "expired"),
    "repository": Text("仓库中的备份与 WAL 连续性", "Sets of the repository, and whether WAL leads on from them"),
    "set": Text("备份集", "Set"),
    "type": Text("类型", "Type"),
    "full": Text("全量", "full"),
    "diff": Text("差异", "diff"),
    "incr": Text("增量", "incr"),
    "began": Text("开始时间", "Begun"),
    "database": Text("数据库大小", "Database"),
    "stored": Text("占用空间", "Stored"),
    "proven": Text("已验证", "Proven"),
    "drilled": Text("已演练", "Drilled"),
    "yes": Text("是", "yes"),
    "no": Text("否", "no"),
    "wal": Text("WAL", "WAL"),
    "wal_whole": Text("完整，至", "whole, to"),
    "wal_missing": Text("缺少", "missing:"),
    "wal_other": Text("属于先前的数据库", "of an earlier database"),
    "drills": Text("恢复演练", "Drills"),
    "outcome": Text("结果", "Outcome"),
    "success": Text("成功", "success"),
    "failed": Text("失败", "failed"),
    "duration": Text("恢复用时", "Restore took"),
    "reason": Text("原因", "Reason"),
    "no_drills": Text("本月没有演练", "No drill in this month"),
    "sizes": Text("大小与增长", "Sizes and growth"),
    "growth": Text("数据库每日增长", "The database grows by, a day"),
    "line": Text("数据库大小", "database"),
    "bars": Text("每次备份占用", "stored by each backup"),
    "foot": Text(
        "本报告由台账记录和仓库实际内容生成；其 SHA-256 记于台账。",
        "Made from the ledger's records and from what the repository holds; its SHA-256 stands in the ledger.",
    ),
}

TEMPLATE = """<!DOCTYPE html>
<html lang="{{ code }}"><head><meta charset="utf-8"><title>{{ t.title }} {{ month.month }}</title><style>{{ style }}</style></head><body>
<h1>{{ t.title }} {{ month.month }}</h1>
<table>
<tr><th>{{ t.contract }}</th><td>{{ heading.contract }}</td><th>{{ t.site }}</th><td>{{ heading.site }}</td></tr>
<tr><th>{{ t.made }}</th><td>{{ facts.now | when }}</td><th>{{ t.run }}</th><td>{{ heading.run_id }}</td></tr>
</table>
<h2>{{ t.summary }}</h2>
<table>
<tr><th>{{ t.verdict }}</th><td class="{{ worst }}">{{ t[verdict] }}</td></tr>
<tr><th>{{ t.days_backed_up }} / {{ t.days_missing }}</th><td>{{ month.count("backed_up") }} / {{ month.count("missing") }}</td></tr>
<tr><th>{{ t.last }}</th><td>{% if newest %}{{ newest.label }}, {{ newest.taken_at | when }}{% else %}{{ t.nothing }}{% endif %}</td></tr>
<tr><th>{{ t.last_wal }}</th><td>{% if facts.archived_at %}{{ facts.archived_at | when }}{% else %}{{ t.nothing }}{% endif %}</td></tr>
<tr><th>{{ t.retention }}</th><td>{{ month.agreed_days }} {{ t.days_unit }} / {% if month.oldest_at %}{{ (facts.now - month.oldest_at).days }} \
{{ t.days_unit }} ({{ t.since }} {{ month.oldest_at | when }}){% else %}{{ t.nothing }}{% endif %}</td></tr>
<tr><th>{{ t.any_time }}</th><td>{% if month.whole_from %}{{ month.whole_from | when }}{% else %}{{ t.nothing }}{% endif %}</td></tr>
<tr><th>{{ t.restore }}</th><td>{% if month.restore_seconds %}{{ month.restore_seconds | span }} ({{ t.by_drill }}){% else %}{{ t.unknown }}{% endif %}</td></tr>
<tr><th>{{ t.free }}</th><td>{{ facts.free_bytes | size }}{% if facts.days_until_full %} ({{ t.full_in }} {{ facts.days_until_full }} {{ t.days_unit }}){% endif %}</td></tr>
</table>
<h2>{{ t.findings }}</h2>
{% if findings %}
<table><tr><th class="short">{{ t.severity }}</th><th>{{ t.what }}</th><th>{{ t.why }}</th><th>{{ t.todo }}</th></tr>
{% for severity, told in findings %}
<tr><td class="short {{ severity }}">{{ t[severity] }}</td><td>{{ told.what }}</td><td>{{ told.why }}</td><td>{{ told.todo }}</td></tr>
{% endfor %}
</table>
{% else %}
<p>{{ t.nothing }}</p>
{% endif %}
<h2>{{ t.days }}</h2>
<table><tr><th>{{ t.date }}</th><th>{{ t.state }}</th><th>{{ t.sets }}</th>{% if files %}<th>{{ t.files }}</th>{% endif %}<th>{{ t.remarks }}</th></tr>
{% for day in month.days %}
<tr><td class="label">{{ day.date | day }}</td><td class="{{ day.state }}">{{ t[day.state] }}</td>
<td>{% for taken in day.taken %}{{ taken.label }} ({{ t.get(taken.type, taken.type) }}, {{ taken.repository_bytes | size }}, {{ t.kept if taken.kept else t.gone }}){{ "" if loop.last else "; " }}{% endfor %}</td>
{% if files %}<td class="{{ day.files }}">{{ t[day.files] }}</td>{% endif %}<td class="small">{{ day.failed | join("; ") }}</td></tr>
{% endfor %}
</table>
<h2>{{ t.repository }}</h2>
<table><tr><th>{{ t.set }}</th><th class="short">{{ t.type }}</th><th>{{ t.began }}</th><th class="short">{{ t.database }}</th><th>{{ t.stored }}</th><th class="short">{{ t.proven }}</th>\
<th class="short">{{ t.drilled }}</th><th>{{ t.wal }}</th></tr>
{% for backup, began, way in sets %}
<tr><td class="small">{{ backup.label }}</td><td class="short">{{ t.get(backup.type, backup.type) }}</td><td>{{ began | when }}</td><td class="number">{{ backup.database_bytes | size }}</td>
<td class="number">{{ backup.repository_bytes | size }}</td><td>{{ t.yes if backup.label in facts.proofs else t.no }}</td>
<td>{{ t.yes if backup.label in drilled else t.no }}</td>
<td class="small{{ "" if way is none or way.whole else " critical" }}">{% if way is none %}{{ t.wal_other }}{% elif way.whole %}{{ t.wal_whole }} {{ way.last }}\
{% else %}{{ way.problem }}{% for gap in way.gaps %}{{ t.wal_missing }} {{ gap.span }}{{ "" if loop.last else "; " }}{% endfor %}{% endif %}</td></tr>
{% else %}
<tr><td colspan="8">{{ t.nothing }}</td></tr>
{% endfor %}
</table>
{% if files %}
<h2>{{ t.files_beside }}</h2>
<table><tr><th>{{ t.host }}</th><th>{{ t.files_at }}</th><th>{{ t.files_count }}</th><th>{{ t.files_size }}</th><th>{{ t.files_drill }}</th><th>{{ t.outcome }}</th>\
<th>{{ t.duration }}</th></tr>
{% for host, proof, drill in files %}
<tr><td class="label">{{ host }}</td>
{% if proof %}<td>{{ proof.taken_at | when }} ({{ proof.snapshot }})</td><td class="number">{{ "{:,}".format(proof.files) }}</td><td class="number">{{ proof.bytes | size }}</td>
{% else %}<td class="missing" colspan="3">{{ t.nothing }}</td>{% endif %}
{% if drill %}<td>{{ drill.drilled_at | when }}</td><td class="{{ drill.outcome }}">{{ t[drill.outcome] }}{{ ": " if drill.reason }}{{ drill.reason }}</td>\
<td class="number">{{ drill.seconds | span }}</td>
{% else %}<td class="missing" colspan="3">{{ t.nothing }}</td>{% endif %}</tr>
{% endfor %}
</table>
{% endif %}
<h2>{{ t.drills }}</h2>
{% if month.drills %}
<table><tr><th>{{ t.date }}</th><th>{{ t.set }}</th><th>{{ t.outcome }}</th><th>{{ t.duration }}</th><th>{{ t.reason }}</th></tr>
{% for drill in month.drills %}
<tr><td class="label">{{ drill.at | when }}</td><td class="small">{{ drill.label }}</td><td class="{{ drill.outcome }}">{{ t[drill.outcome] }}</td>
<td class="number">{% if drill.seconds %}{{ drill.seconds | span }}{% endif %}</td><td class="small">{{ drill.reason }}</td></tr>
{% endfor %}
</table>
{% else %}
<p>{{ t.no_drills }}</p>
{% endif %}
<h2>{{ t.sizes }}</h2>
<p>{{ t.growth }}: {% if month.growth_bytes is none %}{{ t.unknown }}{% else %}{{ month.growth_bytes | size }}{% endif %}</p>
{{ chart }}
<p class="small">{{ t.foot }}</p>
</body></html>
"""


@dataclass(frozen=True)
class Heading:
    """What stands above the report: the contract's title by language, the site, the run that made it."""

    contract: Mapping[str, str]
    site: str
    run_id: str


def backup_page(
    heading: Heading, facts: Facts, month: BackupMonth, found: Sequence[Finding], language: str, zone: tzinfo
) -> str:
    """Return the report as HTML in a language (`zh`, `en`).

    Raises:
        ReportError: a package is missing on this host.
    """
    ways = {way.label: way for way in facts.continuity}
    hosts = sorted({*facts.file_proofs, *facts.file_drills})
    points = [Point(each.at, each.database_bytes, each.repository_bytes) for each in month.taken]
    values = {
        "heading": {"contract": heading.contract[language], "site": heading.site, "run_id": heading.run_id},
        "facts": facts,
        "month": month,
        "newest": newest_proven(facts),
        "findings": [(finding.severity, words(finding, language, zone)) for finding in found],
        "worst": found[0].severity if found else "backed_up",
        "verdict": {CRITICAL: "grave", WARNING: "bad"}.get(found[0].severity, "good") if found else "good",
        "sets": [(backup, datetime.fromisoformat(backup.started_at), ways.get(backup.label)) for backup in facts.sets],
        "files": [(host, facts.file_proofs.get(host), facts.file_drills.get(host)) for host in hosts],
        "drilled": {label for label, drill in facts.drills.items() if drill.outcome == "success"},
        "chart": trusted(chart(points, zone, getattr(TEXTS["line"], language), getattr(TEXTS["bars"], language), FONT)),
    }
    return page(TEMPLATE, TEXTS, language, zone, values)
