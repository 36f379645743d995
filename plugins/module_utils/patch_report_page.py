# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a patching (clauses 4.5, 5.8) as a page, with its maintenance note."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from .backup_report_page import Heading
from .report_page import Text, page

__all__ = ["TEXTS", "patch_page"]

TEXTS: Mapping[str, Text] = {
    "title": Text("安全补丁报告", "Report of the security patches"),
    "contract": Text("合同", "Contract"),
    "site": Text("站点", "Site"),
    "made": Text("生成时间", "Made at"),
    "run": Text("运行编号", "Run id"),
    "plan": Text("已批准计划的 SHA-256", "SHA-256 of the approved plan"),
    "summary": Text("概要", "Summary"),
    "verdict": Text("结论", "Verdict"),
    "whole": Text(
        "计划已全部执行，各功能模块正常", "The plan was carried out whole, and every functional module is healthy"
    ),
    "partly": Text("计划只执行了一部分", "The plan was carried out in part"),
    "none_done": Text("没有主机被打补丁", "No host was patched"),
    "why": Text("原因", "Why"),
    "packages": Text("安装的软件包", "Packages installed"),
    "mended_number": Text("更新日志中列出的已修复漏洞", "Vulnerabilities that the changelogs name as fixed"),
    "reboots": Text("重启主机", "Reboots"),
    "down": Text("无响应时间（数据库、入口）", "Without an answer (database, edge)"),
    "requests": Text("期间请求 / 失败", "Requests meanwhile / failed"),
    "note": Text("维护说明（条款 5.8）", "Maintenance note (clause 5.8)"),
    "note_text": Text(
        "按医院批准的计划，逐台主机安装 Debian 的更新，并重启仍在使用旧文件的服务。",
        "By the plan that the hospital approved, Debian's updates were installed on one host after another, and services that used replaced files were restarted.",
    ),
    "host": Text("主机", "Host"),
    "source": Text("源码包", "Source"),
    "before": Text("原版本", "Before"),
    "after": Text("新版本", "After"),
    "vulnerabilities": Text("更新日志列出的漏洞", "Named in the changelog"),
    "not_patched": Text("未打补丁", "not patched"),
    "nothing_new": Text("没有待装更新", "no update waited"),
    "restarted": Text("已重启的服务", "Services restarted"),
    "outdated": Text("仍使用旧文件", "Still use replaced files"),
    "reboot": Text("重启用时", "Reboot took"),
    "reboot_due": Text("仍需重启", "A reboot is due"),
    "kept_files": Text("保留的配置文件（软件包带有新版）", "Configuration files kept (the package brings new ones)"),
    "mended": Text("已修复的漏洞", "Vulnerabilities fixed"),
    "hosts": Text("主机", "Hosts"),
    "remaining": Text("尚待处理", "What remains"),
    "package": Text("软件包", "Package"),
    "reason": Text("原因", "Reason"),
    "not_yet": Text("尚未安装", "not installed yet"),
    "held": Text("被锁定（hold）", "on hold"),
    "kept_back": Text("须先移除其他软件包，未安装", "kept back: it does not fit without removing something"),
    "tracker": Text("Debian 安全跟踪数据（日期）", "Debian's security tracker, as of"),
    "with_fix": Text("已知且有修复", "Known, with a fix"),
    "without_fix": Text("已知但尚无修复", "Known, without a fix yet"),
    "no_tracker": Text(
        "未提供安全跟踪数据，故无法列出尚无修复的漏洞。",
        "The tracker's data was not given, so what has no fix yet cannot be told.",
    ),
    "versions": Text("软件版本与支持期限（条款 4.5）", "Software versions and end of support (clause 4.5)"),
    "program": Text("软件", "Program"),
    "supported_until": Text("支持至", "Supported until"),
    "long_term": Text("长期支持", "long-term support"),
    "over": Text("已终止", "over"),
    "health": Text("各功能模块", "Functional modules"),
    "module": Text("功能模块", "Functional module"),
    "healthy": Text("正常", "healthy"),
    "unhealthy": Text("异常", "not healthy"),
    "unreachable": Text("不可达", "unreachable"),
    "nothing": Text("无", "none"),
    "foot": Text(
        "漏洞编号取自软件包内的更新日志；更新日志可能被截短，未列出不代表不存在。本报告的 SHA-256 记于台账。",
        "CVE ids are those that the changelogs inside the packages name; a changelog may be cut, so what is not named is not proven absent. This report's SHA-256 stands in the ledger.",
    ),
}

TEMPLATE = """<!DOCTYPE html>
<html lang="{{ code }}"><head><meta charset="utf-8"><title>{{ t.title }}</title><style>{{ style }}</style></head><body>
<h1>{{ t.title }}</h1>
<table>
<tr><th>{{ t.contract }}</th><td>{{ heading.contract }}</td><th>{{ t.site }}</th><td>{{ heading.site }}</td></tr>
<tr><th>{{ t.made }}</th><td>{{ made_at | when }}</td><th>{{ t.run }}</th><td>{{ heading.run_id }}</td></tr>
<tr><th>{{ t.plan }}</th><td class="small" colspan="3">{{ data.plan_sha256 }}</td></tr>
</table>
<h2>{{ t.summary }}</h2>
<table>
<tr><th>{{ t.verdict }}</th><td class="{{ mark }}">{{ t[verdict] }}</td></tr>
{% if data.failure %}
<tr><th>{{ t.why }}</th><td class="failed">{{ data.failure }}</td></tr>
{% endif %}
<tr><th>{{ t.packages }}</th><td>{{ data.figures.packages }}</td></tr>
<tr><th>{{ t.mended_number }}</th><td>{{ data.mended | map(attribute="vulnerability") | unique | list | length }}</td></tr>
<tr><th>{{ t.reboots }}</th><td>{{ data.figures.reboots }}</td></tr>
<tr><th>{{ t.down }}</th><td>{{ data.figures.down_seconds | span }}</td></tr>
<tr><th>{{ t.requests }}</th><td>{{ data.figures.requests }} / {{ data.figures.failed_requests }}</td></tr>
</table>
<h2>{{ t.note }}</h2>
<p>{{ made_at | when }}: {{ t.note_text }}</p>
{% for host, each in data.hosts | dictsort %}
<h2>{{ t.host }} {{ host }}</h2>
{% if each.sources %}
<table><tr><th>{{ t.source }}</th><th>{{ t.before }}</th><th>{{ t.after }}</th><th>{{ t.vulnerabilities }}</th></tr>
{% for source in each.sources %}
<tr><td>{{ source.source }}<div class="small">{{ source.packages | join(", ") }}</div></td><td>{{ source.before or "-" }}</td><td>{{ source.after }}</td>
<td class="small">{{ source.vulnerabilities | join(", ") or t.nothing }}</td></tr>
{% endfor %}
</table>
{% else %}
<p>{{ t.nothing_new if each.patched or not each.remaining else t.not_patched }}</p>
{% endif %}
<table>
<tr><th>{{ t.restarted }}</th><td>{{ each.restarted | join(", ") or t.nothing }}</td></tr>
<tr><th>{{ t.outdated }}</th><td>{{ each.still_outdated | join(", ") or t.nothing }}</td></tr>
{% if each.reboot_seconds %}
<tr><th>{{ t.reboot }}</th><td>{{ each.reboot_seconds | span }}</td></tr>
{% endif %}
{% if each.reboot_due %}
<tr><th>{{ t.reboot_due }}</th><td class="warning">{{ each.reboot_due | join("; ") }}</td></tr>
{% endif %}
{% if each.kept_files %}
<tr><th>{{ t.kept_files }}</th><td>{{ each.kept_files | join(", ") }}</td></tr>
{% endif %}
</table>
{% endfor %}
<h2>{{ t.mended }}</h2>
{% if data.mended %}
<table><tr><th>{{ t.vulnerabilities }}</th><th>{{ t.source }}</th><th>{{ t.hosts }}</th></tr>
{% for each in data.mended %}
<tr><td class="label">{{ each.vulnerability }}</td><td>{{ each.source }}</td><td>{{ each.hosts | join(", ") }}</td></tr>
{% endfor %}
</table>
{% else %}
<p>{{ t.nothing }}</p>
{% endif %}
<h2>{{ t.remaining }}</h2>
{% if data.remaining %}
<table><tr><th>{{ t.host }}</th><th>{{ t.package }}</th><th>{{ t.after }}</th><th>{{ t.reason }}</th></tr>
{% for host, waiting in data.remaining | dictsort %}{% for each in waiting %}
<tr><td>{{ host }}</td><td>{{ each.name }}</td><td>{{ each.candidate }}</td><td>{{ t[each.why] }}</td></tr>
{% endfor %}{% endfor %}
</table>
{% else %}
<p>{{ t.nothing }}</p>
{% endif %}
{% if data.tracker %}
<table><tr><th>{{ t.tracker }} {{ data.tracker.date }}</th><th>{{ t.with_fix }}</th><th>{{ t.without_fix }}</th></tr>
{% for host, each in data.hosts | dictsort %}
<tr><td class="label">{{ host }}</td><td class="small">{{ each.known_with_fix | join(", ") or t.nothing }}</td><td class="small">{{ each.known_without_fix | join(", ") or t.nothing }}</td></tr>
{% endfor %}
</table>
{% else %}
<p class="small">{{ t.no_tracker }}</p>
{% endif %}
<h2>{{ t.versions }}</h2>
<table><tr><th>{{ t.host }}</th><th>{{ t.program }}</th><th>{{ t.before }}</th><th>{{ t.after }}</th><th>{{ t.supported_until }}</th></tr>
{% for host, each in data.hosts | dictsort %}{% for program, version in each.versions_after | dictsort %}
<tr><td class="label">{{ host }}</td><td>{{ program }}</td><td>{{ each.versions_before[program] | default("-") }}</td><td>{{ version }}</td>
<td>{% for support in each.support if support.program == program %}<span class="{{ "failed" if support.over else "" }}">{{ support.ends }}\
{% if support.extended %} ({{ t.long_term }} {{ support.extended }}){% endif %}{% if support.over %} {{ t.over }}{% endif %}</span>{% endfor %}</td></tr>
{% endfor %}{% endfor %}
</table>
<h2>{{ t.health }}</h2>
<table><tr><th>{{ t.module }}</th><th>{{ t.before }}</th><th>{{ t.after }}</th></tr>
{% for name, before, after in health %}
<tr><td>{{ name }}</td><td>{{ t[before] if before else "-" }}</td><td class="{{ "success" if after == "healthy" else "failed" }}">{{ t[after] if after else "-" }}</td></tr>
{% endfor %}
</table>
<p class="small">{{ t.foot }}</p>
</body></html>
"""


def patch_page(heading: Heading, data: Mapping[str, Any], language: str, zone: tzinfo) -> str:
    """Return the report as HTML in a language (`zh`, `en`); `data` is what `report_data` returned.

    Raises:
        ReportError: a package is missing on this host.
    """
    before, after = ({each["name"]: each["status"] for each in data[key]} for key in ("health_before", "health_after"))
    waiting = any(each["why"] == "not_yet" for host in data["remaining"].values() for each in host)
    verdict = "none_done" if not data["figures"]["packages"] else "partly" if waiting or data["failure"] else "whole"
    values = {
        "heading": {"contract": heading.contract[language], "site": heading.site, "run_id": heading.run_id},
        "data": data,
        "made_at": datetime.fromisoformat(data["made_at"]),
        "verdict": verdict,
        "mark": {"whole": "success", "partly": "warning", "none_done": "failed"}[verdict],
        "health": [(name, before.get(name, ""), after.get(name, "")) for name in sorted(before.keys() | after.keys())],
    }
    return page(TEMPLATE, TEXTS, language, zone, values)
