"""What pgBackRest printed in the lab (version 2.45) of sets, their manifests and the archive, with changes."""

from __future__ import annotations

import json
from typing import Any

FULL, INCREMENT = "20261123-013700F", "20261123-013700F_20261123-013705I"
# Printed by `pgbackrest info --output=json`, wrapped here.
REAL = (
    '[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000007",'
    '"min":"000000010000000000000001"}],"backup":[{"archive":{"start":"000000010000000000000005",'
    '"stop":"000000010000000000000005"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},'
    '"error":false,"info":{"delta":30575473,"repository":{"delta":3783472,"size":3783472},"size":30575473},'
    '"label":"20261123-013700F","lsn":{"start":"0/5000028","stop":"0/5000770"},"prior":null,"reference":null,'
    '"timestamp":{"start":1795397820,"stop":1795397822},"type":"full"},{"archive":{"start":"000000010000000000000006",'
    '"stop":"000000010000000000000007"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},'
    '"error":false,"info":{"delta":794890,"repository":{"delta":100288,"size":3783472},"size":30575473},'
    '"label":"20261123-013700F_20261123-013705I","lsn":{"start":"0/6000028","stop":"0/7000050"},'
    '"prior":"20261123-013700F","reference":["20261123-013700F"],"timestamp":{"start":1795397825,"stop":1795397827},'
    '"type":"incr"}],"cipher":"aes-256-cbc","db":[{"id":1,"repo-key":1,"system-id":7711173079095454119,"version":"15"}],'
    '"name":"lab","repo":[{"cipher":"aes-256-cbc","key":1,"status":{"code":0,"message":"ok"}}],'
    '"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]'
)
ABSENT = (
    '[{"archive":[],"backup":[],"cipher":"aes-256-cbc","db":[],"name":"lab","repo":[{"cipher":"aes-256-cbc","key":1,'
    '"status":{"code":1,"message":"missing stanza path"}}],'
    '"status":{"code":1,"lock":{"backup":{"held":false}},"message":"missing stanza path"}}]'
)
# What a wrong passphrase gives: exit status 0, and decrypted noise (raw control characters too) within the message.
OTHER = (
    '[{"archive":[],"backup":[],"cipher":"aes-256-cbc","db":[],"name":"lab","repo":[{"cipher":"aes-256-cbc","key":1,'
    '"status":{"code":99,"message":"%s"}}],"status":{"code":99,"lock":{"backup":{"held":false}},"message":"other"}}]'
)
NOISE = (
    "[FormatError] unable to load info file '/var/lib/pgbackrest/backup/lab/backup.info' or "
    "'/var/lib/pgbackrest/backup/lab/backup.info.copy':\\n"
    "FormatError: key/value found outside of section at line 1: \x14FWy@K\ufffdl\ufffd\x1c\x01\x12HG\ufffd\\b\u06ae3\\n"
    "HINT: backup.info cannot be opened and is required to perform a backup.\\n"
    "HINT: has a stanza-create been performed?"
)
NOT_READABLE = "[PathOpenError] unable to list file info for path '/root/backup': [13] Permission denied"


def one_full(label: str, lsn: str, segment: str, size_bytes: int) -> dict[str, Any]:
    """Return a stanza with one full set, as far as a plan looks at it; `lsn` is the part before the last four digits, such as 0/500."""
    return {
        "name": "lab",
        "status": {"code": 0, "message": "ok"},
        "archive": [],
        "db": [{"id": 1, "system-id": 7, "version": "15"}],
        "backup": [
            {
                "label": label,
                "type": "full",
                "prior": None,
                "timestamp": {"start": 1795397820, "stop": 1795397822},
                "lsn": {"start": f"{lsn}0028", "stop": f"{lsn}0770"},
                "archive": {"start": segment, "stop": segment},
                "info": {"size": size_bytes, "delta": size_bytes, "repository": {"delta": 1, "size": 1}},
            }
        ],
    }


def changed(**changes: Any) -> str:
    """Return the real text with other values at the top of its stanza."""
    return json.dumps([{**json.loads(REAL)[0], **changes}])


def with_status(code: int, message: str) -> str:
    """Return the real text with another status."""
    return changed(status={"code": code, "lock": {"backup": {"held": False}}, "message": message})


def without(label: str) -> str:
    """Return the real text without one set."""
    return changed(backup=[entry for entry in json.loads(REAL)[0]["backup"] if entry["label"] != label])


MANIFEST = """[backup]
backup-label="20261123-013700F"

[target:file]
pg_data/PG_VERSION={"checksum":"ad552e6dc057d1d825bf49df79d6b98eba846ebe","repo-size":32,"size":3,"timestamp":1}
pg_data/base/5/1259={"checksum-page":true,"size":8192}
pg_data/base/5/16385={"checksum-page":false,"checksum-page-error":[7,[9,12]],"repo-size":4096,"size":16384}
pg_data/base/5/16385.1={"checksum-page":false,"repo-size":4096,"size":100}
"""
# The manifest of a set with one tablespace outside the data directory, as far as a plan looks at it.
MANIFEST_WITH_TABLESPACE = """[backup:target]
pg_data={"path":"/data","type":"path"}
pg_tblspc/16400={"path":"/srv/other","tablespace-id":"16400","tablespace-name":"other","type":"link"}

[target:file]
pg_data/base/5/16385={"size":16384,"timestamp":1}
pg_tblspc/16400/PG_15_202209061/5/16401={"checksum-page":true,"repo-size":12,"size":16384,"timestamp":1}
pg_tblspc/16400/PG_15_202209061/5/16402={"size":8192,"timestamp":1}
pg_tblspc/16400/PG_15_202209061/5/16403={"size":0,"timestamp":1}

[target:link]
pg_data/pg_tblspc/16400={"destination":"/srv/other"}

[target:path]
pg_tblspc/16400={}
pg_tblspc/16400/PG_15_202209061={}
"""


def listing(*numbers: int) -> str:
    """Return what the repository lists of its archive, with these segments of timeline 1, each below ten."""
    names = [f"00000001000000000000000{number}" for number in numbers]
    return json.dumps(
        {f"15-1/{name[:16]}/{name}-{'a' * 40}.zst": {"type": "file", "size": 9, "time": 1795397900} for name in names}
    )
