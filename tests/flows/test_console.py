"""What people see on a terminal: texts of others cannot steer it."""

import pytest

from flows.cli.console import print_fields, print_line, print_table, say

HOSTILE = "\x1b[31mred\x07 \x9b2J\r\u202egnp.exe [bold]plain[/bold]"
SHOWN = r"\x1b[31mred\x07 \x9b2J\r\u202egnp.exe [bold]plain[/bold]"


def test_control_characters_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields({"title": HOSTILE})
    print_line(HOSTILE)
    print_table(HOSTILE, [HOSTILE], [[HOSTILE], [None]])
    say(HOSTILE)
    printed = capsys.readouterr()
    assert printed.out.count(SHOWN) == 5
    assert printed.err == f"{SHOWN}\n"
    assert not set(printed.out + printed.err) & set("\x1b\x07\x9b\r\u202e")


def test_lines_and_other_scripts_stay(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ["names"], [["港口\n船\té"]])
    print_fields({"name": "港口 – é"})
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("港口", "船", "é", "港口 – é"))
    assert "\\" not in shown
