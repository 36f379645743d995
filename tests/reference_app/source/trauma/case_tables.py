"""The tables that the case generator picks from: 256 entries each, so that one random byte is one choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

Choice = TypeVar("Choice")


def weighted(weights: Mapping[Choice, float]) -> tuple[Choice, ...]:
    """256 entries in which each choice appears in proportion to its weight."""
    total, running = sum(weights.values()), 0.0
    entries: list[Choice] = []
    for choice, weight in weights.items():
        running += weight
        entries.extend([choice] * (round(256 * running / total) - len(entries)))
    return tuple(entries)


def even(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """256 entries that repeat the choices in turn."""
    return tuple(choices[position % len(choices)] for position in range(256))


class Profile(NamedTuple):
    """How badly a patient is hurt, and what follows from it; every field is a 256-entry table."""

    severities: tuple[int, ...]
    injuries: tuple[int, ...]
    gcs: tuple[int, ...]
    systolic: tuple[int, ...]
    respiratory_rate: tuple[int, ...]
    spo2: tuple[int, ...]
    level: tuple[int, ...]
    team_activated: tuple[bool, ...]
    steps: tuple[tuple[str, ...], ...]
    outcome: tuple[str, ...]
    stay_hours: tuple[int, ...]


_MINOR = Profile(
    severities=weighted({1: 65, 2: 35}),
    injuries=weighted({1: 55, 2: 35, 3: 10}),
    gcs=weighted({15: 90, 14: 10}),
    systolic=even(range(105, 161)),
    respiratory_rate=even(range(14, 23)),
    spo2=even(range(95, 101)),
    level=weighted({4: 55, 3: 45}),
    team_activated=weighted({False: 98, True: 2}),
    steps=weighted({("CT检查",): 60, ("静脉通路", "CT检查"): 40}),
    outcome=weighted({"治愈": 75, "好转": 24, "转院": 1}),
    stay_hours=even(range(2, 72)),
)
_MODERATE = Profile(
    severities=weighted({1: 15, 2: 45, 3: 40}),
    injuries=weighted({1: 25, 2: 45, 3: 25, 4: 5}),
    gcs=weighted({15: 60, 14: 20, 13: 10, 12: 6, 10: 4}),
    systolic=even(range(85, 150)),
    respiratory_rate=even(range(12, 31)),
    spo2=even(range(90, 100)),
    level=weighted({3: 55, 2: 45}),
    team_activated=weighted({False: 60, True: 40}),
    steps=weighted(
        {
            ("静脉通路", "FAST超声", "CT检查"): 55,
            ("静脉通路", "CT检查", "手术"): 30,
            ("静脉通路", "FAST超声", "CT检查", "输血", "手术"): 15,
        }
    ),
    outcome=weighted({"治愈": 40, "好转": 53, "转院": 6, "死亡": 1}),
    stay_hours=even(range(72, 480, 3)),
)
_SEVERE = Profile(
    severities=weighted({2: 10, 3: 30, 4: 40, 5: 19, 6: 1}),
    injuries=weighted({1: 10, 2: 30, 3: 35, 4: 25}),
    gcs=even(range(3, 16)),
    systolic=even(range(0, 131, 2)),
    respiratory_rate=even(range(41)),
    spo2=even(range(55, 98)),
    level=weighted({1: 80, 2: 20}),
    team_activated=weighted({True: 96, False: 4}),
    steps=weighted(
        {
            ("静脉通路", "FAST超声", "气管插管", "CT检查", "输血", "手术", "入ICU"): 55,
            ("静脉通路", "胸腔闭式引流", "CT检查", "输血", "入ICU"): 20,
            ("静脉通路", "FAST超声", "CT检查", "输血", "介入栓塞", "入ICU"): 15,
            ("气管插管", "输血", "手术"): 10,
        }
    ),
    outcome=weighted({"治愈": 12, "好转": 58, "转院": 10, "死亡": 20}),
    stay_hours=even(range(6, 1440, 6)),
)
PROFILES = weighted({_MINOR: 74, _MODERATE: 14, _SEVERE: 12})

MECHANISMS = weighted(
    {
        "道路交通伤": 38,
        "高处坠落": 17,
        "跌倒": 18,
        "机器伤": 7,
        "锐器伤": 7,
        "钝器伤": 5,
        "烧烫伤": 4,
        "其他": 2.5,
        "爆炸伤": 0.8,
        "火器伤": 0.7,
    }
)
SEX = weighted({"男": 68, "女": 32})
SURNAMES = weighted(
    dict(
        zip(
            "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕",
            range(60, 20, -1),
            strict=True,
        )
    )
    | {"欧阳": 2, "司马": 1, "𠮷": 0.5}
)
GIVEN = even(
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华建国文辉力志永健世广义兴良海山仁波宁贵福生龙元全胜学祥才发武新利清飞彬富顺信子"
)
SECOND_GIVEN = even(
    [
        "",
        *"伟芳娜敏静强磊军勇艳杰涛明超",
        "",
        *"霞平刚华建文辉力志永健世",
        "",
        *"广义兴良海仁宁贵福龙元胜学祥才武新利清飞彬",
    ]
)
AGES = weighted(
    {age: 3 if age < 15 else 9 if age < 25 else 11 if age < 60 else 7 if age < 80 else 2 for age in range(1, 95)}
)
ID_REGIONS = even(["430102", "430103", "430104", "430105", "430111", "430112", "430121", "430181", "430302", "430602"])

STREETS = even(
    [
        "开福区芙蓉中路",
        "雨花区韶山南路",
        "天心区湘府西路",
        "岳麓区麓山南路",
        "芙蓉区五一大道",
        "望城区雷锋大道",
        "长沙县星沙大道",
        "浏阳市金沙中路",
        "宁乡市花明北路",
        "京港澳高速长沙段",
        "绕城高速西南段",
        "湘潭市岳塘区建设路",
    ]
)
PLACES = even(["建筑工地", "十字路口", "居民小区", "工业园车间", "匝道出口", "农贸市场", "学校门口", "地铁站口"])
MEASURES = even(
    [
        "颈托固定，吸氧3L/min，建立静脉通路",
        "加压包扎止血，夹板固定，心电监护",
        "清理呼吸道，面罩吸氧，平衡盐500ml静滴",
        "止血带止血（记录时间），骨盆带固定，保温",
        "脊柱板搬运，全程监护，生命体征平稳",
        "简单包扎，心理安抚，转运途中无特殊",
    ]
)
MILD_INJURIES = {
    "头颈部": even(["轻型脑震荡", "头皮裂伤约4cm", "颈部软组织扭伤", "头皮血肿"]),
    "面部": even(["鼻骨骨折", "面部软组织挫裂伤", "右眼睑裂伤", "牙齿脱位"]),
    "胸部": even(["胸壁软组织挫伤", "单根肋骨骨折", "胸骨骨折", "胸部皮肤裂伤"]),
    "腹部": even(["腹壁挫伤", "左肾轻度挫伤", "肝包膜下小血肿", "腹壁浅表裂伤"]),
    "四肢骨盆": even(["桡骨远端骨折", "踝关节扭伤", "指骨骨折", "膝关节挫伤"]),
    "体表": even(["全身多处皮肤擦伤", "双手浅Ⅱ度烫伤，面积约6%", "背部皮肤挫伤", "左小腿皮肤裂伤3cm"]),
}
GRAVE_INJURIES = {
    "头颈部": even(["左侧颞部硬膜外血肿", "脑挫裂伤伴蛛网膜下腔出血", "颈椎C5/6骨折脱位", "弥漫性轴索损伤"]),
    "面部": even(["Le Fort Ⅲ型骨折", "颌面部大面积毁损伤伴活动性出血"]),
    "胸部": even(["右侧第4—7肋骨骨折伴连枷胸", "左侧血气胸", "双肺挫伤", "主动脉弓降部损伤"]),
    "腹部": even(["脾破裂Ⅲ级，腹腔积血约800ml", "肝右叶破裂", "小肠穿孔", "胰腺横断伤"]),
    "四肢骨盆": even(["右股骨干骨折", "骨盆骨折（Tile C型）", "左胫腓骨开放性骨折", "小腿毁损伤"]),
    "体表": even(["火焰烧伤Ⅲ度，面积约35%", "大面积皮肤撕脱伤"]),
}
GRAVE_FROM_SEVERITY = 3
REGIONS = weighted({"头颈部": 24, "面部": 9, "胸部": 17, "腹部": 11, "四肢骨盆": 29, "体表": 10})
NOTES = even(
    ["", "", "过程顺利", "家属已签字知情同意", "术中出血约300ml", "复查后好转", "与会诊意见一致", "悬浮红细胞2U"]
)

# Text that breaks careless escaping: each kind of quote, COPY's own marks, markup, four-byte and invisible characters.
NASTY = (
    "患者自述：\"头疼\"，家属称'昏迷'约5′10″",
    "影像存于 C:\\PACS\\2026\\报告\\n01\\",
    "第一行\n第二行\r\n第三行\t制表符后",
    "\\.",
    "\\N",
    "NULL",
    "🚑 转运途中 👨‍👩‍👧 家属陪同 🩸",
    "ＡＢＣ１２３　全角（空格）％＿",
    "'); DROP TABLE trauma_case; --",
    '<script>alert("伤")</script>&amp;{{ 7*7 }}',
    "𠮷田𨋢㐂 生僻字",
    "末尾空格 \u200b零宽\u00a0不换行 ",
    "%s %(name)s {0} $1 ${HOME} `id`",
    "é\u0301 ﷽ ‮反向‬",
    '{"json": [1, null, "\\u0000"]}',
    "\x01\x02\x1b[31m控制字符\x7f\b\f\v",
)

# Calls by hour: rush hours and the evening lead on workdays, the night on days off.
WORKDAY_HOURS = weighted(dict(enumerate([2, 1.5, 1, 1, 1, 2, 4, 7, 8, 6, 6, 6, 5, 5, 6, 6, 7, 9, 8, 6, 6, 5, 4, 3])))
DAYOFF_HOURS = weighted(dict(enumerate([5, 5, 4, 3, 2, 2, 3, 4, 5, 6, 7, 6, 6, 5, 6, 6, 6, 6, 7, 8, 8, 8, 7, 6])))
# Monday to Sunday.
WEEKDAY_WEIGHTS = (9, 8, 8, 8, 10, 12, 11)
