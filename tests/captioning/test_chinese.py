import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsvlm.captioning.chinese import counted, listed, many, numeral, place, sentence, term
from rsvlm.records.unfit import Unfit

DIOR = {
    "airplane": "一架飞机", "airport": "一座机场", "baseballfield": "一个棒球场", "basketballcourt": "一个篮球场", "bridge": "一座桥",
    "chimney": "一座烟囱", "dam": "一座大坝", "Expressway-Service-area": "一个高速公路服务区",
    "Expressway-toll-station": "一个高速公路收费站", "golffield": "一个高尔夫球场", "groundtrackfield": "一个田径场",
    "harbor": "一个港口", "overpass": "一座立交桥", "ship": "一艘船", "stadium": "一座体育场", "storagetank": "一个储罐",
    "tenniscourt": "一个网球场", "trainstation": "一座火车站", "vehicle": "一辆车", "windmill": "一座风车",
}  # fmt: skip
DOTA = {
    "plane": "一架飞机", "ship": "一艘船", "storage-tank": "一个储罐", "baseball-diamond": "一个棒球场", "tennis-court": "一个网球场",
    "basketball-court": "一个篮球场", "ground-track-field": "一个田径场", "harbor": "一个港口", "bridge": "一座桥",
    "large-vehicle": "一辆大型车", "small-vehicle": "一辆小型车", "helicopter": "一架直升机", "roundabout": "一个环岛",
    "soccer-ball-field": "一个足球场", "swimming-pool": "一个游泳池", "container-crane": "一台集装箱起重机", "airport": "一座机场",
    "helipad": "一个直升机停机坪",
}  # fmt: skip
FIGURES = {figure: value for value, figure in enumerate("零一二三四五六七八九")} | {"两": 2}
POWERS = {"十": 10, "百": 100, "千": 1000}


def read(text):
    """A number below 10^16 read back figure by figure."""
    total = section = figure = 0
    for sign in text:
        if sign in FIGURES:
            figure = FIGURES[sign]
        elif sign in POWERS:
            section, figure = section + (figure or 1) * POWERS[sign], 0
        elif sign == "万":
            section, figure = (section + figure) * 10_000, 0
        else:
            total, section, figure = (total + section + figure) * 10**8, 0, 0
    return total + section + figure


@pytest.mark.parametrize("names", [DIOR, DOTA], ids=["DIOR", "DOTA"])
def test_every_class_has_its_noun_and_measure_word(names):
    assert len(names) == {"一架飞机": 20}.get(names.get("airplane"), 18)
    for name, text in names.items():
        assert counted(name, 1) == text
        assert counted(name.replace("-", " ").lower(), 1) == text


@pytest.mark.parametrize(
    ("count", "plain", "counting"),
    [
        (0, "零", "零"), (1, "一", "一"), (2, "二", "两"), (10, "十", "十"), (12, "十二", "十二"), (20, "二十", "二十"),
        (22, "二十二", "二十二"), (100, "一百", "一百"), (101, "一百零一", "一百零一"), (102, "一百零二", "一百零二"),
        (110, "一百一十", "一百一十"), (112, "一百一十二", "一百一十二"), (200, "二百", "二百"), (1001, "一千零一", "一千零一"),
        (1010, "一千零一十", "一千零一十"), (2000, "二千", "两千"), (2200, "二千二百", "两千二百"), (10_000, "一万", "一万"),
        (10_010, "一万零一十", "一万零一十"), (20_000, "二万", "两万"), (22_000, "二万二千", "两万二千"),
        (100_500, "十万零五百", "十万零五百"), (110_012, "十一万零一十二", "十一万零一十二"), (105_000, "十万五千", "十万五千"),
        (200_000_000, "二亿", "两亿"), (100_000_001, "一亿零一", "一亿零一"), (10**12, "一万亿", "一万亿"),
    ],
)  # fmt: skip
def test_numerals(count, plain, counting):
    assert numeral(count) == plain
    assert numeral(count, counting=True) == counting


@given(st.integers(0, 10**12 - 1), st.booleans())
def test_numerals_mean_their_number(count, counting):
    assert read(numeral(count, counting=counting)) == count


def test_counts_lists_places_and_sentences():
    assert [counted("airplane", 2), counted("vehicle", 12), counted("ship", 23, words=False)] == ["两架飞机", "十二辆车", "23艘船"]
    assert many("storage-tank") == "许多储罐"
    phrases = [counted("airplane", 2), counted("bridge", 1), counted("ship", 3)]
    assert [listed(phrases[:count]) for count in range(4)] == ["", "两架飞机", "两架飞机和一座桥", "两架飞机、一座桥和三艘船"]
    places = [["top left", "top", "top right"], ["left", "centre", "right"], ["bottom left", "bottom", "bottom right"]]
    assert [[place(name) for name in row] for row in places] == [
        ["左上角", "上方", "右上角"], ["左侧", "中央", "右侧"], ["左下角", "下方", "右下角"]
    ]  # fmt: skip
    assert sentence(f"图像{place('top left')}有{phrases[0]}") == "图像左上角有两架飞机。"
    assert sentence("图像中央有一座桥。") == "图像中央有一座桥。"


def test_what_has_no_chinese_is_refused():
    for call, reason in ((lambda: term("yurt"), "class has no Chinese name"), (lambda: place("middle"), "place has no Chinese name")):
        with pytest.raises(Unfit) as caught:
            call()
        assert caught.value.reason == reason
    with pytest.raises(ValueError, match="only what is there"):
        counted("ship", 0)
    with pytest.raises(ValueError, match="zero and more"):
        numeral(-1)
