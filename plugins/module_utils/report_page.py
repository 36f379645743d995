# Copyright: (c) 2026, The traumalink.ops developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's page: one Jinja2 template and one table of texts give the same page in Chinese and in English; WeasyPrint makes a PDF of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

try:
    import jinja2
    from markupsafe import Markup
except ImportError:  # Debian's package, which the role of the report installs
    jinja2 = None  # type: ignore[assignment]

from .command import Runner, run_checked
from .errors import OpsError
from .growth_chart import bytes_text

__all__ = ["FONT", "LANGUAGES", "STYLE", "ReportError", "Text", "make_pdf", "page", "trusted"]

LANGUAGES = ("zh", "en")
FONT = (
    "WenQuanYi Micro Hei"  # Debian's fonts-wqy-microhei: Chinese and Latin, 2 MB; WeasyPrint embeds what is used of it
)
PDF_SECONDS = 120.0
STYLE = f"""
@page {{ size: A4; margin: 16mm 14mm; @bottom-right {{ content: counter(page) " / " counter(pages); font-family: "{FONT}"; font-size: 8pt; }} }}
body {{ font-family: "{FONT}", sans-serif; font-size: 9.5pt; line-height: 1.4; color: #111; margin: 0 auto; max-width: 190mm; }}
h1 {{ font-size: 17pt; margin: 0 0 2mm; }} h2 {{ font-size: 12pt; margin: 6mm 0 2mm; break-after: avoid; }}
table {{ border-collapse: collapse; width: 100%; }} th, td {{ border: 0.3pt solid #999; padding: 1mm 1.6mm; text-align: left; vertical-align: top; }}
th {{ background: #eef2f4; font-weight: normal; }} td.short, th.short {{ white-space: nowrap; }} tr {{ break-inside: avoid; }} td.number {{ text-align: right; white-space: nowrap; }}
.label {{ white-space: nowrap; }} .small {{ font-size: 8pt; color: #444; overflow-wrap: anywhere; }}
.missing, .critical, .failed {{ background: #f6d5d0; }} .warning {{ background: #fbedc8; }} .backed_up, .success {{ background: #dff0e0; }}
"""


class ReportError(OpsError):
    """A report cannot be made."""


@dataclass(frozen=True)
class Text:
    """One text in both languages."""

    zh: str
    en: str


def page(template: str, texts: Mapping[str, Text], language: str, zone: tzinfo, values: Mapping[str, Any]) -> str:
    """Return the HTML of a template in a language; whatever is filled in is escaped.

    The template has the texts as `t`, and the filters `size` (bytes), `span` (seconds), `when` (a time, in `zone`) and `day`.

    Raises:
        ReportError: the package is missing on this host.
    """
    if jinja2 is None:
        raise ReportError("python3-jinja2 is missing on this host; run traumalink.ops.site")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "size": bytes_text,
        "span": lambda seconds: span_text(seconds, language),
        "when": lambda at: when_text(at, zone),
        "day": lambda at: at.isoformat(),
    }
    told = {name: getattr(text, language) for name, text in texts.items()}
    code = {"zh": "zh-CN", "en": "en"}[language]
    return environment.from_string(template).render(
        t=told, language=language, code=code, style=trusted(STYLE), **values
    )


def trusted(text: str) -> str:
    """Return a text that goes into a page as it is, since nothing in it comes from elsewhere unescaped."""
    return text if jinja2 is None else Markup(text)  # noqa: S704 - that is what it is for


def when_text(at: datetime, zone: tzinfo) -> str:
    """Return a time of a zone to the minute, with its offset."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %z}"


def span_text(seconds: float, language: str) -> str:
    """Return a time span for people, in its two largest units."""
    whole = round(seconds)
    parts = ((whole // 3600, ("小时", " h")), (whole % 3600 // 60, ("分", " min")), (whole % 60, ("秒", " s")))
    named = [f"{number}{unit[0 if language == 'zh' else 1]}" for number, unit in parts if number]
    return ("" if language == "zh" else " ").join(named[:2]) or ("0秒" if language == "zh" else "0 s")


def make_pdf(runner: Runner, source: Path, target: Path) -> None:
    """Make a PDF of an HTML file.

    Raises:
        CommandError: WeasyPrint is missing, or fails.
        ReportError: it left nothing.
    """
    run_checked(runner, ["weasyprint", str(source), str(target)], f"the PDF of {source}", timeout_seconds=PDF_SECONDS)
    if not target.is_file() or not target.read_bytes().startswith(b"%PDF-"):
        raise ReportError(f"WeasyPrint ended well and left no PDF at {target}; look at the disk of this host")
