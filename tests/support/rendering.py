"""The formula rendered by Salt itself, as a minion would, to the low data."""

from __future__ import annotations

import copy
import json
import logging
from pathlib import Path
from unittest import mock

import jinja2
import salt.config
import salt.state

ROOT = Path(__file__).resolve().parents[2]
# What Salt's own code makes of each distribution's os-release file.
GRAINS = ROOT / "tests" / "unit" / "data" / "grains"
# What a minion gets of this repository. Salt walks through all that it is given, .git too.
TREE = ("_modules", "_states", "hanfs")
# What of a Jinja environment says how it reads a template.
_SYNTAX = (
    "block_start_string block_end_string variable_start_string variable_end_string "
    "comment_start_string comment_end_string line_statement_prefix line_comment_prefix "
    "trim_blocks lstrip_blocks newline_sequence keep_trailing_newline autoescape is_async"
).split()

# Salt keeps every record below that, thousands a rendering, until a minion would set up its log.
logging.getLogger().setLevel(logging.WARNING)


def systems():
    """Names of the operating systems whose grains are recorded."""
    return sorted(path.stem for path in GRAINS.glob("*.json"))


_compile = jinja2.Environment.compile
_compiled = {}


def _compile_once(environment, source, name=None, filename=None):
    """What Jinja makes of a template, made once for all renderings.

    Salt makes an environment for every SLS, and each compiles map.jinja anew; that was most of
    what a rendering takes. The outcome depends on nothing but the text and how it is read.
    """
    syntax = [getattr(environment, option) for option in _SYNTAX]
    key = (source, name, type(environment), *syntax, *sorted(environment.extensions))
    if key not in _compiled:
        _compiled[key] = _compile(environment, source, name, filename)
    return _compiled[key]


def render(
    directory, data, system="debian-12", minion_id="nfs-server1", synced=True, names=None, **opts
):
    """
    The low data of ``state.apply hanfs``.

    directory
        Where Salt may keep what it caches, a path.

    data
        The pillar.

    system
        One of ``systems()``.

    synced
        Whether the minion has the formula's modules already.

    names
        The grains ``id``, ``host`` and ``fqdn``, where they are not those of ``minion_id``.

    opts
        More of the minion's configuration, such as ``test=True``.
    """
    tree = directory / "tree"
    tree.mkdir(exist_ok=True)
    for name in TREE:
        if not (tree / name).exists():
            (tree / name).symlink_to(ROOT / name)
    config = salt.config.minion_config(None)
    config.update(
        root_dir=str(directory),
        cachedir=str(directory / "cache"),
        extension_modules=str(directory / "extmods"),
        file_client="local",
        file_roots={"base": [str(tree)]},
        pillar_roots={"base": []},
        grains={
            "id": minion_id,
            "host": minion_id.split(".")[0],
            "fqdn": minion_id,
            **(names or {}),
            **json.loads((GRAINS / f"{system}.json").read_text()),
        },
        pillar=copy.deepcopy(data),
        id=minion_id,
        saltenv="base",
        test=False,
        **({"module_dirs": [str(ROOT / "_modules")]} if synced else {}),
    )
    config.update(opts)
    with (
        mock.patch.object(jinja2.Environment, "compile", _compile_once),
        salt.state.HighState(config, initial_pillar=copy.deepcopy(data)) as highstate,
    ):
        highstate.push_active()
        try:
            high, errors = highstate.render_highstate({"base": ["hanfs"]})
            assert errors == []
            high, errors = highstate.state.reconcile_extend(high)
            assert errors == []
            assert highstate.state.verify_high(high) == []
            high, errors = highstate.state.requisite_in(high)
            assert errors == []
            low = highstate.state.compile_high_data(high)
            if isinstance(low, tuple):  # since Salt 3008
                low, errors = low
                assert errors == []
            return low
        finally:
            highstate.pop_active()
