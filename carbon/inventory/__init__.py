"""Floor 5: facility accounting: resolve rows, plan distinct keys, run kernels, sum, check, explain.

Tables come in and results go out; no number stands here that is not a method's own structure.
"""

from carbon.inventory.accounting import account
from carbon.inventory.result import Result

__all__ = ["Result", "account"]
