"""50,000 values that hypothesis makes, anywhere in a right site: plain lines, never a traceback.

The session is one of its own, with ``--all``; a slice of it runs always. Seeds are kept, so that
what fails fails again.
"""

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.support.hostile import FLAT, MARKUP, PATHS, SHELL, SIGNS
from tests.support.repeated import repeated
from tests.unit.test_hanfs_hostile import PATH, SITES, WORLD, asked, described, places, replaced

WAYS = [(name, way) for name, site in SITES.items() for way in places(site)]
PIECES = [*SHELL, *MARKUP, *PATHS, *SIGNS, "0", "x", "-", ".", "/", ":", ",", "=", "é", "\ud83d"]
# Seed: how many values. The first is the slice.
SEEDS = {20261129: 400, **dict.fromkeys(range(1, 9), 6250)}
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
PIECED = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
NUMBERS = st.one_of(
    st.integers(-2, 2**17), st.integers(), st.floats(), st.booleans(), st.none(), st.dates()
)
# Hypothesis writes values down, which Python does not do with the largest numbers.
KNOWN = [one for one in FLAT if not isinstance(one, int) or abs(one) < 10**100]
FLATS = st.one_of(ANY_TEXT, PIECED, NUMBERS, st.binary(max_size=8), st.sampled_from(KNOWN))
VALUES = st.recursive(
    FLATS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(PIECED, NUMBERS), inner, max_size=3)
    ),
    max_leaves=6,
)


def at(site, way):
    for key in way:
        site = site[key]
    return site


@st.composite
def bends(draw):
    """Something else in the place of a right value, or that value with something in it."""
    name, way = draw(st.sampled_from(WAYS))
    right = at(SITES[name], way)
    if isinstance(right, str) and draw(st.booleans()):
        place = draw(st.integers(0, len(right)))
        return name, way, right[:place] + draw(st.one_of(PIECED, ANY_TEXT)) + right[place:]
    return name, way, draw(VALUES)


@pytest.mark.parametrize("number", repeated(list(SEEDS), unless=[20261129]))
def test_what_hypothesis_makes(number, request):
    count = {"all": 0, "right": 0}

    @seed(number)
    @settings(
        max_examples=SEEDS[number],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(bends())
    def look(bend):
        name, way, value = bend
        site = replaced(SITES[name], way, value)
        count["all"] += 1
        if not asked(site) and not described(site):
            count["right"] += 1
            normal = WORLD.library._hanfs_schema.normalise(site, PATH)
            assert_nothing_but_data(normal)

    look()
    print(f"seed {number}: {count['all']} values, {count['right']} of them right")
    assert count["all"] >= SEEDS[number] and 0 < count["right"] < count["all"]


def assert_nothing_but_data(value):
    """What is right has no sign that a line of a file, a shell or a terminal would take for its
    own, but where the program's own quoting is proven (tests/functional/test_hostile_values.py)."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple)):
            waiting += one
        elif isinstance(one, str):
            one.encode()
            assert "\0" not in one
