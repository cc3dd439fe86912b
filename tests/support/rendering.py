"""The formula rendered by Salt itself, as a minion would, to the low data."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import salt.config
import salt.state

ROOT = Path(__file__).resolve().parents[2]
# What Salt's own code makes of each distribution's os-release file.
GRAINS = ROOT / "tests" / "unit" / "data" / "grains"


def systems():
    """Names of the operating systems whose grains are recorded."""
    return sorted(path.stem for path in GRAINS.glob("*.json"))


def render(directory, data, system="debian-12", minion_id="nfs-server1", synced=True, **opts):
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

    opts
        More of the minion's configuration, such as ``test=True``.
    """
    config = salt.config.minion_config(None)
    config.update(
        root_dir=str(directory),
        cachedir=str(directory / "cache"),
        extension_modules=str(directory / "extmods"),
        file_client="local",
        file_roots={"base": [str(ROOT)]},
        pillar_roots={"base": []},
        grains={
            "id": minion_id,
            "host": minion_id.split(".")[0],
            "fqdn": minion_id,
            **json.loads((GRAINS / f"{system}.json").read_text()),
        },
        pillar=copy.deepcopy(data),
        id=minion_id,
        saltenv="base",
        test=False,
        **({"module_dirs": [str(ROOT / "_modules")]} if synced else {}),
    )
    config.update(opts)
    with salt.state.HighState(config, initial_pillar=copy.deepcopy(data)) as highstate:
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
