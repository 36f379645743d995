"""PostgreSQL's COPY text format (documentation: COPY, File Formats, Text Format)."""

from __future__ import annotations

import re

from trauma.case_rows import Row

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"})
_needs_escape = re.compile(r"[\\\t\n\r\b\f\v]").search
# No text in PostgreSQL may hold NUL, so it parts the fields until their content is escaped.
_FORMATS = ["\0".join(["%s"] * width) for width in range(40)]
_NULL = "\\N"


def copy_line(row: Row) -> str:
    """One row as a line of COPY text, with its newline. Raises `ValueError` for a text with a NUL character."""
    if None in row:
        fields = [_NULL if value is None else str(value).translate(_ESCAPES) for value in row]
        if any("\0" in field for field in fields):
            raise ValueError("a text with a NUL character cannot be stored")
        return "\t".join(fields) + "\n"
    line = _FORMATS[len(row)] % row
    if line.count("\0") != len(row) - 1:
        raise ValueError("a text with a NUL character cannot be stored")
    if _needs_escape(line):
        line = line.translate(_ESCAPES)
    return line.replace("\0", "\t") + "\n"
