"""
What a public module has from Salt, as the library takes it; nothing else knows Salt's dunders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from salt.utils.data import traverse_dict_and_list

from _cib_run import Machine


def machine(
    salt: Mapping[str, Callable[..., Any]],
    opts: Mapping[str, Any],
    grains: Mapping[str, Any],
    pillar: Mapping[str, Any],
    context: MutableMapping[str, Any],
    test: bool | None = None,
    run: Mapping[str, Any] | None = None,
) -> Machine:
    """
    The machine of this call; a public module makes one each time, for a minion's may change.

    salt, opts, grains, pillar, context
        ``__salt__`` and so on, of the public module.

    test
        Whether nothing may be changed; None: as the minion is configured.

    run
        What a state knows of its run, see :class:`_cib_run.Machine`.
    """

    def at(place: str) -> Any:
        return traverse_dict_and_list(pillar, place, None)

    return Machine(
        salt["cmd.run_all"],
        context,
        at,
        salt=salt,
        opts=opts,
        grains=grains,
        test=bool(opts.get("test")) if test is None else test,
        run=run,
    )
