"""
Salt's exceptions, the only thing of Salt that the library knows: they show without a traceback.
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError, TimedProcTimeoutError

__all__ = ["CommandExecutionError", "SaltInvocationError", "TimedProcTimeoutError"]
