import json

import pytest

from rsvlm.errors import DataError
from rsvlm.records.readers.json_cursor import LARGEST_ELEMENT
from rsvlm.records.readers.json_files import element_at, elements, items, read_whole
from rsvlm.records.unfit import Unfit


def put(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_elements_of_the_wanted_lists_are_those_of_the_standard_parser(tmp_path):
    # Longer than what is read at once, with numbers, escapes and other scripts wherever that border falls.
    document = {
        "info": {"annotations": [1, 2]},
        "images": [{"id": n, "name": f"图像 {n} \N{GRINNING FACE}", "x": n / 7, "big": 1.5e-9 * n} for n in range(5_000)],
        "numbers": [n * 1.25e-3 for n in range(20_000)],
        "skipped": [[], {}, None],
        "annotations": [],
    }
    for indent, ascii_only in ((None, True), (1, False)):
        path = put(tmp_path / "a.json", b"\xef\xbb\xbf" + json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode())
        found = list(elements(path, "images", "numbers", "annotations"))
        assert [element.value for element in found] == document["images"] + document["numbers"]
        assert (found[7].where, found[-1].where) == ("images[7]", "numbers[19999]")
        with path.open("rb") as stream:
            assert [element_at(stream, element.start, element.end) for element in found[::97]] == [element.value for element in found[::97]]


def test_every_list_and_a_file_that_is_a_list(tmp_path):
    path = put(tmp_path / "a.json", '{"port": [1], "bridge": [2, 3]}')
    assert [(element.where, element.value) for element in elements(path)] == [("port[0]", 1), ("bridge[0]", 2), ("bridge[1]", 3)]
    assert [element.value for element in items(put(tmp_path / "b.json", ' [ 1.5 , "x" ] '))] == [1.5, "x"]
    assert list(items(put(tmp_path / "b.json", "[]"))) == []
    assert list(elements(put(tmp_path / "b.json", "{}"))) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: not JSON .{ expected, found the end of the file"),
        ("[1]", "line 1: not JSON .{ expected, found"),
        ('{"images": 7}', r"line 1: not JSON .\[ expected, found 7"),
        ('{"images": []}\n}', "line 2: not JSON .} after the end"),
        ('{"images": [],\n "images": []}', "line 2: not JSON .key 'images' cannot be used or appears twice"),
        ('{"images": [{"id": 1},\n\n{"id": 1, "id": 2}]}', "line 3: not JSON .key 'id' appears twice"),
        ('{"images": [1,\n2,\n]}', "line 3: not JSON .Expecting value"),
        ('{"images": [1 2]}', "line 1: not JSON ., or ] expected, found 2"),
        ('{"images": [1', "line 1: not JSON ., or ] expected, found the end of the file"),
        ('{"images": [{"a":\n "b', "line 2: not JSON .Unterminated string"),
        ('{"images": [' + "[" * 100_000, "line 1: not JSON .nested too deep"),
        ('{"other": []}', "holds no list 'images'; needed: images"),
        ('{"images": [1],}', 'line 1: not JSON ." expected, found }'),
        ('{"\\ud800": [1]}', "cannot be used or appears twice"),
        ("{images: []}", 'line 1: not JSON ." or } expected, found i'),
    ],
)
def test_a_file_that_is_no_such_json_is_named_with_its_line(tmp_path, text, words):
    with pytest.raises(DataError, match=rf"a.json, {words}" if words.startswith("line") else words):
        list(elements(put(tmp_path / "a.json", text), "images"))


def test_bytes_that_are_no_text_and_files_that_are_none(tmp_path):
    with pytest.raises(DataError, match=r"a.json, after line 1: not UTF-8"):
        list(items(put(tmp_path / "a.json", b'["\xff"]')))
    with pytest.raises(DataError, match=r"a.json, line 2: not UTF-8"):
        read_whole(put(tmp_path / "a.json", b'{"a":\n"\xff"}'))
    with pytest.raises(DataError, match="no such file; acquire the source again"):
        list(items(tmp_path / "none.json"))
    with pytest.raises(DataError, match="cannot be read"):
        read_whole(tmp_path)


def test_an_element_that_cannot_be_used_leaves_the_others(tmp_path):
    values = [{"a": 1}, json.loads("[" * 25 + "]" * 25), "\ud83d", {"a": float("nan"), "b": float("inf")}, 10**40, "\ud83d\ude00"]
    one, deep, half, numbers, huge, pair = (element.value for element in items(put(tmp_path / "a.json", json.dumps(values))))
    assert (one, pair) == ({"a": 1}, "\N{GRINNING FACE}")
    assert (str(deep), str(half)) == ("record is nested too deep: more than 20 levels", "record holds half a surrogate pair")
    assert isinstance(deep, Unfit)
    assert [value == value and abs(value) < 1e300 for value in (*numbers.values(), huge)] == [False] * 3


def test_an_endless_element_is_refused(tmp_path):
    with pytest.raises(DataError, match="an element of more than 16,777,216 characters"):
        list(items(put(tmp_path / "a.json", '["' + "x" * (2 * LARGEST_ELEMENT) + '"]')))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: not JSON .Expecting value"),
        ('{"a": 1,\n"b"}', "line 2: not JSON .Expecting ':'"),
        ("[]", "holds list; an object is needed"),
        ('{"a": {"b": 1, "b": 1}}', "not JSON .key 'b' appears twice"),
        ('{"a": ' + "[" * 100_000, "not JSON .nested too deep"),
        ('{"a": ' + "[" * 30 + "]" * 30 + "}", "record is nested too deep"),
        ('{"a": "\\udc00"}', "record holds half a surrogate pair"),
    ],
)
def test_a_whole_file_that_cannot_be_used_is_named(tmp_path, text, words):
    with pytest.raises(DataError, match=rf"a.json[:,] {words}"):
        read_whole(put(tmp_path / "a.json", text))
    assert read_whole(put(tmp_path / "a.json", '\ufeff{"a": [1]}')) == {"a": [1]}
