"""What `make bench` prints, and when it fails."""

import json

from tests.bench.figures import Figures, median


def test_a_promise_is_marked_and_only_counts_can_break_it(capsys):
    figures = Figures()
    figures.add("slow", 2.0, "s", most=1.0)
    figures.add("fast", 60.0, "times", least=50)
    assert not figures.broken
    figures.add("many", 2, "processes", most=1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["met"] for line in lines] == [False, True, False]
    assert figures.broken == [lines[2]]
    figures.add("fewer", 14, "times fewer processes", least=15)
    assert [one["figure"] for one in figures.broken] == ["many", "fewer"]


def test_the_table_has_a_row_for_each_size():
    figures = Figures()
    for count in (50, 5):
        for name, value, unit in (
            ("unchanged", 0.0612, "s"),
            ("unchanged-processes", 1, "processes"),
            ("first-plan", 1.5, "s"),
            ("first-plan-processes", 9, "processes"),
        ):
            figures.add(name, value, unit, resources=count)
    *_, first, second = figures.growth().splitlines()
    assert first == "| 5 | 0.06 s | 1 | 1.50 s | 9 |"
    assert second.startswith("| 50 | ")


def test_median():
    assert median([0.3, 0.1234, 9]) == 0.3
