"""Malformed annotations: one object, or one file of them, among good ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.data.hostile.bench import ALL_TRAIN, Files, Hostile, Outcome, World, as_json, judge, outcome, picture

pytestmark = pytest.mark.integration

LINE = b"10 10 30 10 30 20 10 20 ship 0\n"
STEMS = [f"p{number}" for number in range(3)]
PICTURES = {f"pictures/{stem}.png": picture(number) for number, stem in enumerate(STEMS)}


def of_boxes(form: str, labels: Files, annotations: str, **more: Any) -> World:
    pictures = {"pictures": "pictures/{stem}.png", "annotations": annotations, **more}
    return World({**PICTURES, **labels}, {"kind": "boxes", "shares": ALL_TRAIN, "format": form, **pictures})


# -- DOTA text ---------------------------------------------------------------------------------------------------------

DOTA = of_boxes("dota", {f"labels/{stem}.txt": LINE for stem in STEMS}, "labels/*.txt")


def dota_object(name: str, line: str | bytes, aside: str) -> Hostile:
    data = line if isinstance(line, bytes) else line.encode()
    return Hostile(name, {"labels/p2.txt": LINE + data + b"\n"}, aside=f"^object: {aside}$")


def dota_class(name: str, label: str, aside: str) -> Hostile:
    return dota_object(f"class {name}", f"10 10 30 10 30 20 10 20 {label} 0", aside)


def dota_file(name: str, data: bytes, error: str) -> Hostile:
    return Hostile(name, {"labels/p2.txt": data}, error=error)


OBJECTS = [
    dota_object("not a number", "nan 10 30 10 30 20 10 20 ship 0", "box coordinates are not finite"),
    dota_object("infinity", "inf 10 30 10 30 20 10 20 ship 0", "box coordinates are not finite"),
    dota_object("minus infinity", "10 10 30 10 30 20 10 -Infinity ship 0", "box coordinates are not finite"),
    dota_object("more than a double", "1e400 10 30 10 30 20 10 20 ship 0", "box coordinates are not finite"),
    dota_object("huge", "1e300 10 30 10 30 20 10 20 ship 0", "box coordinates are not finite"),
    dota_object("a number in words", "three 10 30 10 30 20 10 20 ship 0", "line is not an object"),
    dota_object("hexadecimal", "0x0A 10 30 10 30 20 10 20 ship 0", "line is not an object"),
    dota_object("underscore in a number", "1_0 10 30 10 30 20 10 20 ship 0", "line is not an object"),
    dota_object("decimal comma", "10,5 10 30 10 30 20 10 20 ship 0", "line is not an object"),
    dota_object("outside", "100 100 130 100 130 120 100 120 ship 0", "box outside the image"),
    dota_object("left of the picture", "-30 10 -10 10 -10 20 -30 20 ship 0", "box outside the image"),
    dota_object("mostly outside", "35 10 75 10 75 20 35 20 ship 0", "box mostly outside the image"),
    dota_object("bow tie", "10 10 30 20 30 10 10 20 ship 0", "box corners are not in order"),
    dota_object("no area", "10 10 30 10 30 10 10 10 ship 0", "box has no area"),
    dota_object("a point", "10 10 10 10 10 10 10 10 ship 0", "box has no area"),
    dota_object("seven columns", "10 10 30 10 30 20 10", "line is not an object"),
    dota_object("twelve columns", "10 10 30 10 30 20 10 20 ship 0 1 2", "line is not an object"),
    dota_object("HTML", "<tr><td>10</td></tr>", "line is not an object"),
    dota_object("a formula", "=1+1 10 30 10 30 20 10 20 ship 0", "line is not an object"),
    dota_object("a slot", "{0.__class__} 10 30 10 30 20 10 20 ship 0", "line is not an object"),
    dota_class("turned round", "ship\u202epihs", "class name holds an invisible format character"),
    dota_class("isolated", "\u2066ship\u2069", "class name holds an invisible format character"),
    dota_class("zero width", "sh\u200bip", "class name holds an invisible format character"),
    dota_class("byte order mark inside", "sh\ufeffip", "class name holds an invisible format character"),
    dota_class("tag characters", "ship\U000e0041", "class name holds an invisible format character"),
    dota_class("terminal escape", "\x1b[31mship", "class name holds a control character"),
    dota_class("private use", "\ue000", "class name holds a private-use character"),
    dota_class("unassigned", "ship\u0378", "class name holds an unassigned character"),
    dota_class("marks only", "\u0301\u0301", "class name is empty"),
    dota_class("punctuation only", "???", "class name is empty"),
    dota_class("5,000 letters", "s" * 5_000, "class name is too long"),
    dota_class("101 letters", "s" * 101, "class name is too long"),
    dota_class("code", "__import__('os')", "class name holds a character that no name has"),
    dota_class("slot by name", "{objects}", "class name holds a character that no name has"),
    dota_class("slot by place", "{0.__class__}", "class name holds a character that no name has"),
    dota_class("percent", "%s%n", "class name holds a character that no name has"),
    dota_class("element", "<script>alert(1)</script>", "class name holds a character that no name has"),
    dota_class("box markup", "</p>{<1><2>}", "class name holds a character that no name has"),
    dota_class("command", "$(id)`id`", "class name holds a character that no name has"),
    dota_class("quotation marks", 'ship"', "class name holds a character that no name has"),
    dota_class("backslash", "ship\\n", "class name holds a character that no name has"),
    dota_class("Chinese", "\u8239\u8236", "class name is not in Latin letters"),
    dota_class("Arabic", "\u0633\u0641\u064a\u0646\u0629", "class name is not in Latin letters"),
    dota_class("Hebrew", "\u05d0\u05d5\u05e0\u05d9\u05d4", "class name is not in Latin letters"),
    dota_class("Cyrillic that looks Latin", "sh\u0456p", "class name is not in Latin letters"),
    dota_class("Devanagari", "\u091c\u0939\u093e\u091c\u093c", "class name is not in Latin letters"),
]
FILES = [
    dota_file("NUL", LINE + b"10 10 30 10 30 20 10 20 sh\0ip 0\n", r"p2\.txt, line 2: .*NUL"),
    dota_file("not UTF-8", LINE + b"10 10 30 10 30 20 10 20 sh\xffip 0\n", r"p2\.txt, line 2: not UTF-8"),
    dota_file("half a pair", LINE + b"10 10 30 10 30 20 10 20 sh\xed\xa0\x80 0\n", r"p2\.txt, line 2: not UTF-8"),
    dota_file("UTF-16", LINE.decode().encode("utf-16"), r"p2\.txt, line 1: "),
    dota_file("a class of 1 MB", LINE + b"10 10 30 10 30 20 10 20 " + b"s" * 1_000_000 + b" 0\n", r"p2\.txt, line 2: .*1,000,0\d\d bytes"),
    dota_file("a picture", PICTURES["pictures/p0.png"], r"p2\.txt, line 1: "),
]

# -- other boxes -------------------------------------------------------------------------------------------------------

PLAIN_COLUMNS = ["x1", "y1", "width", "height", "label"]
PLAIN = of_boxes("plain", {f"labels/{stem}.txt": b"10,10,20,10,ship\n" for stem in STEMS}, "labels/*.txt", columns=PLAIN_COLUMNS)


def plain(name: str, line: bytes, aside: str) -> Hostile:
    return Hostile(name, {"labels/p2.txt": b"10,10,20,10,ship\n" + line}, aside=f"^object: {aside}$")


PLAIN_CASES = [
    plain("too few columns", b"10,10,20\n", "line is not an object"),
    plain("no width", b"10,10,0,10,ship\n", "box is inside out"),
    plain("negative width", b"10,10,-5,10,ship\n", "box is inside out"),
    plain("NaN height", b"10,10,5,nan,ship\n", "box coordinates are not finite"),
    plain("word for a number", b"ten,10,5,5,ship\n", "line is not an object"),
    Hostile("no columns named", recipe={"columns": []}, error="make no box; .*allowed"),
    Hostile("a column nobody knows", recipe={"columns": ["x1", "y1", "x2", "y2", "eval"]}, error="eval.*allowed"),
]

CSV_HEAD = b"image_path,xmin,ymin,xmax,ymax,label\n"
CSV_GOOD = CSV_HEAD + b"".join(b"%s.png,10,10,30,20,ship\n" % stem.encode() for stem in STEMS)
CSV = of_boxes("csv", {"boxes.csv": CSV_GOOD}, "boxes.csv", pictures="pictures/{name}")


def csv(name: str, line: bytes, aside: str = "", error: str = "", **more: bytes) -> Hostile:
    return Hostile(name, {"boxes.csv": CSV_GOOD + line}, aside=aside, error=error)


CSV_CASES = [
    csv("CSV: inside out", b"p2.png,30,10,10,20,ship\n", "^object: box is inside out$"),
    csv("CSV: formula", b'p2.png,"=HYPERLINK(1)",10,30,20,ship\n', "^object: line is not an object$"),
    csv("CSV: empty cell", b"p2.png,,10,30,20,ship\n", "^object: line is not an object$"),
    csv("CSV: path out of the folder", b"../../../etc/passwd,10,10,30,20,ship\n", "^record: file name leaves its folder$"),
    csv("CSV: absolute path", b"/etc/passwd,10,10,30,20,ship\n", "^record: file is missing$"),
    csv("CSV: picture that is not there", b"none.png,10,10,30,20,ship\n", "^record: file is missing$"),
    csv("CSV: picture name of 300 letters", b"p" * 300 + b".png,10,10,30,20,ship\n", "^record: id is not safe as a file name$"),
    csv("CSV: picture name with a slot", b"{stem.__class__}.png,10,10,30,20,ship\n", "^record: file is missing$"),
    csv("CSV: no picture name", b",10,10,30,20,ship\n", "^record: "),
    csv("CSV: too few cells", b"p2.png,10,10\n", error=r"boxes\.csv, line 5: 3 columns instead of 6"),
    csv("CSV: open quotation mark", b'"p2.png,10,10,30,20,ship\n', error=r"boxes\.csv, line 5: "),
    Hostile("CSV: no header", {"boxes.csv": b"p0.png,1,1,2,2,ship\n"}, error=r"boxes\.csv, line 1: no column .*needed"),
    Hostile("CSV: empty", {"boxes.csv": b""}, error=r"not one sample was fit"),
]


def voc_object(box: str = "<xmin>10</xmin><ymin>10</ymin><xmax>30</xmax><ymax>20</ymax>", name: str = "ship", tag: str = "bndbox") -> str:
    return f"<object><name>{name}</name><{tag}>{box}</{tag}></object>"


def voc_file(*objects: str, head: str = "") -> bytes:
    return f"{head}<annotation><filename>x</filename>{voc_object()}{''.join(objects)}</annotation>".encode()


VOC = of_boxes("voc", {f"labels/{stem}.xml": voc_file() for stem in STEMS}, "labels/*.xml")


def voc(name: str, data: bytes, aside: str = "", error: str = "") -> Hostile:
    return Hostile(f"VOC: {name}", {"labels/p2.xml": data}, aside=aside, error=error)


BOMB = '<!DOCTYPE a [<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)) + "]>"
VOC_CASES = [
    voc("billion laughs", voc_file(voc_object(name="&l9;"), head=BOMB), error=r"p2\.xml, line 1: document types and entities are refused"),
    voc(
        "external entity",
        voc_file(voc_object(name="&x;"), head='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        error=r"p2\.xml, line 1: document types",
    ),
    voc("cut short", voc_file()[:-20], error=r"p2\.xml, line 1: not valid XML"),
    voc("empty", b"", error=r"p2\.xml, line 1: not valid XML"),
    voc("another document", b"<html/>", error=r"p2\.xml, line 1: <html> instead of <annotation>"),
    voc("undefined entity", voc_file(voc_object(name="&ship;")), error=r"p2\.xml, line 1: not valid XML"),
    voc("deep", b"<annotation>" + b"<object>" * 50_000, error=r"p2\.xml, line 1: not valid XML"),
    voc("no box", voc_file("<object><name>ship</name></object>"), "^object: object has no box$"),
    voc("no class", voc_file(voc_object(name="")), "^object: class name is empty$"),
    voc("NaN corner", voc_file(voc_object("<xmin>nan</xmin><ymin>10</ymin><xmax>30</xmax><ymax>20</ymax>")), "^object: box coordinates"),
    voc("missing side", voc_file(voc_object("<xmin>1</xmin><ymin>10</ymin><xmax>30</xmax>")), "^object: line is not an object$"),
    voc("inside out", voc_file(voc_object("<xmin>30</xmin><ymin>10</ymin><xmax>10</xmax><ymax>20</ymax>")), "^object: box is inside out$"),
    voc(
        "turned box without sides",
        voc_file(voc_object("<cx>10</cx><cy>10</cy><w>0</w><h>5</h><angle>0</angle>", tag="robndbox")),
        "^object: box ",
    ),
    voc(
        "angle that is infinite",
        voc_file(voc_object("<cx>10</cx><cy>10</cy><w>9</w><h>5</h><angle>inf</angle>", tag="robndbox")),
        "^object: box coordinates",
    ),
]

COCO_DOCUMENT: dict[str, Any] = {
    "images": [{"id": number, "file_name": f"{stem}.png"} for number, stem in enumerate(STEMS)],
    "annotations": [{"id": number, "image_id": number, "category_id": 1, "bbox": [10, 10, 20, 10]} for number in range(3)],
    "categories": [{"id": 1, "name": "ship"}],
}
COCO = of_boxes("coco", {"boxes.json": as_json(COCO_DOCUMENT)}, "boxes.json", pictures="pictures/{name}")


def coco(name: str, change: Callable[[dict[str, Any]], Any], aside: str = "", error: str = "") -> Hostile:
    document = {key: [dict(entry) for entry in value] for key, value in COCO_DOCUMENT.items()}
    change(document)
    return Hostile(f"COCO: {name}", {"boxes.json": as_json(document)}, aside=aside, error=error)


def coco_object(name: str, aside: str, **fields: Any) -> Hostile:
    one = {"id": 9, "image_id": 2, "category_id": 1, "bbox": [10, 10, 20, 10], **fields}
    return coco(name, lambda document: document["annotations"].append(one), f"^(object|record): {aside}")


COCO_CASES = [
    coco_object("box of NaN", "number is not finite", bbox=[float("nan"), 10, 20, 10]),
    coco_object("box of infinity", "number is not finite", bbox=[10, 10, float("inf"), 10]),
    coco_object("box of texts", "field has another type", bbox=["10", "10", "20", "10"]),
    coco_object("box of truths", "field has another type", bbox=[True, True, True, True]),
    coco_object("three numbers", "object has no box", bbox=[10, 10, 20]),
    coco_object("null box", "field has another type", bbox=None),
    coco_object("width below nothing", "box is inside out", bbox=[10, 10, -20, 10]),
    coco_object("class that is not there", "object has no class", category_id=7),
    coco_object("class in words", "field has another type", category_id="ship"),
    coco_object("picture that is not there", "object belongs to no picture", image_id=77),
    coco_object("crowd of three", "field has another type", iscrowd="three"),
    coco("huge id", lambda d: d["images"].append({"id": 10**40, "file_name": "x.png"}), "^record: "),
    coco("picture without a name", lambda d: d["images"].append({"id": 8}), "^record: field is missing$"),
    coco("picture of another width type", lambda d: d["images"].append({"id": 8, "file_name": "x.png", "width": "9"}), "^record: "),
    coco("two pictures of one id", lambda d: d["images"].append({"id": 1, "file_name": "x.png"}), error=r"boxes\.json: .*have one id"),
    coco("two classes of one id", lambda d: d["categories"].append({"id": 1, "name": "x"}), error=r"boxes\.json: .*another category"),
    coco("path out of the folder", lambda d: d["images"].append({"id": 8, "file_name": "../../../x.png"}), "^record: file name leaves"),
    coco("NUL in a path", lambda d: d["images"].append({"id": 8, "file_name": "x\0.png"}), "^record: text is empty or not allowed$"),
    coco("half a pair in a path", lambda d: d["images"].append({"id": 8, "file_name": "\ud800.png"}), "^record: "),
    Hostile("COCO: not JSON", {"boxes.json": b"{'images': []}"}, error=r"boxes\.json"),
    Hostile("COCO: a list", {"boxes.json": b"[]"}, error=r"boxes\.json"),
    Hostile("COCO: cut short", {"boxes.json": as_json(COCO_DOCUMENT)[:-30]}, error=r"boxes\.json"),
    Hostile("COCO: depth", {"boxes.json": b'{"images":' + b"[" * 100_000}, error=r"boxes\.json"),
    Hostile("COCO: empty", {"boxes.json": b""}, error=r"boxes\.json"),
]

# -- masks and footprints ----------------------------------------------------------------------------------------------


def mask(value: int = 255, side: int = 40) -> bytes:
    import io

    import numpy as np
    from PIL import Image

    pixels = np.zeros((side, side), np.uint8)
    pixels[10:20, 10:30] = value
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


MASKS = World(
    {**PICTURES, **{f"masks/{stem}.png": mask() for stem in STEMS}},
    {"kind": "masks", "shares": ALL_TRAIN, "pictures": "pictures/{stem}.png", "annotations": "masks/*.png", "classes": {"255": "building"}},
)
MASK_CASES = [
    Hostile("mask of another size", {"pictures/q.png": picture(9), "masks/q.png": mask(side=50)}, aside="^record: mask has another size"),
    Hostile("mask that is no picture", {"pictures/q.png": picture(9), "masks/q.png": b"mask"}, aside="^record: picture: format$"),
    Hostile("mask without a picture", {"masks/q.png": mask()}, aside="^record: file is missing$"),
    Hostile("class value in words", recipe={"classes": {"white": "building"}}, error="classes.*white"),
    Hostile("class value beyond a byte", recipe={"classes": {"1e3": "building"}}, error="classes.*1e3"),
    Hostile("class with a slot", recipe={"classes": {"255": "{objects}"}}, error="classes.*no name has"),
]

WORLDS: dict[str, tuple[World, list[Hostile]]] = {
    "dota": (DOTA, OBJECTS + FILES),
    "plain": (PLAIN, PLAIN_CASES),
    "csv": (CSV, CSV_CASES),
    "voc": (VOC, VOC_CASES),
    "coco": (COCO, COCO_CASES),
    "masks": (MASKS, MASK_CASES),
}
CASES = [(name, hostile) for name, (_, cases) in WORLDS.items() for hostile in cases]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The corpora of the good files alone."""
    return {name: outcome(world, None, tmp_path_factory.mktemp(name)) for name, (world, _) in WORLDS.items()}


@pytest.mark.parametrize(("name", "hostile"), CASES, ids=[f"{name}: {hostile.name}" for name, hostile in CASES])
def test_it_is_set_aside_with_its_reason_or_told_in_one_line(name: str, hostile: Hostile, tmp_path: Path, good: dict[str, Outcome]) -> None:
    assert len(good[name].records) == 3
    judge(hostile, outcome(WORLDS[name][0], hostile, tmp_path), good[name])
