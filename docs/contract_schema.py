#!/usr/bin/env python3
"""Write the JSON Schema of a site's contract, for editors, from the types that read it.

    contract_schema.py            write docs/contract.schema.json anew
    contract_schema.py --check    write nothing; exit 1 if it is stale

`make lint` checks, `tests/unit/docs` does as well.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ansible_collections.traumalink.ops.plugins.plugin_utils.contract import contract_schema

SCHEMA = Path(__file__).resolve().parent / "contract.schema.json"


def main(argv: list[str], schema: Path = SCHEMA) -> int:
    """Write or check the schema; return the exit status."""
    if argv not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    text = json.dumps(contract_schema(), indent=2, ensure_ascii=False) + "\n"
    if schema.exists() and schema.read_text(encoding="utf-8") == text:
        return 0
    if not argv:
        schema.write_text(text, encoding="utf-8")
    print(f"docs/{schema.name}: {'stale; run docs/contract_schema.py' if argv else 'written'}")
    return 1 if argv else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
