"""What a state function returns."""

from __future__ import annotations

from typing import Any

from _cib_values import Data


def made(
    name: str, result: bool | None = True, comment: str = "", changes: Data | None = None
) -> Data:
    """A state's answer: as it is, that there was nothing to do."""
    return {"name": name, "result": result, "comment": comment, "changes": changes or {}}


def failed(ret: Data, error: Any) -> Data:
    """The answer of a state that failed; what was told before stays told."""
    ret["result"] = False
    ret["comment"] = "\n".join(part for part in (ret["comment"], str(error)) if part)
    return ret


def unknown(ret: Data, comment: str) -> Data:
    """A dry run's answer: something would change, or nothing can be known yet."""
    ret["result"] = None
    ret["comment"] = comment
    return ret
