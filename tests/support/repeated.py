"""Parameters of which some are the same once more: only ``make test-all`` runs those."""

import pytest


def repeated(values, *, unless):
    """``values`` for ``parametrize`` or ``params``, those that are not in ``unless`` marked.

    ``repeated(VERSIONS, unless=["0.10", "0.12"])``: 0.11 with ``--all`` alone. A tuple is a value
    for each of several names, as ``parametrize`` takes it.
    """
    assert set(unless) <= set(values), unless
    return [value if value in unless else _marked(value) for value in values]


def _marked(value):
    values = value if isinstance(value, tuple) else (value,)
    return pytest.param(*values, marks=pytest.mark.repeated)
