"""The closed vocabularies of the trauma domain, as the wards write them and the database stores them."""

from __future__ import annotations

SEXES = ("男", "女")

INJURY_MECHANISMS = (
    "道路交通伤",
    "高处坠落",
    "跌倒",
    "机器伤",
    "锐器伤",
    "钝器伤",
    "火器伤",
    "烧烫伤",
    "爆炸伤",
    "其他",
)

# The six body regions of the injury severity score (Baker 1974): head and neck, face, chest, abdomen,
# extremities with pelvic girdle, external.
BODY_REGIONS = ("头颈部", "面部", "胸部", "腹部", "四肢骨盆", "体表")

TREATMENT_KINDS = ("静脉通路", "FAST超声", "CT检查", "气管插管", "胸腔闭式引流", "输血", "介入栓塞", "手术", "入ICU")
OPERATION = "手术"

IN_HOSPITAL = "在院"
DIED = "死亡"
OUTCOMES = ("治愈", "好转", "转院", DIED, IN_HOSPITAL)

TRIAGE_LEVELS = (1, 2, 3, 4)

REPORT_PENDING = "pending"
REPORT_REPORTED = "reported"
REPORT_REJECTED = "rejected"

# From this injury severity score on a case is severe trauma and is reported to the national register.
SEVERE_FROM_ISS = 16
