"""Floor 5: facility accounting: resolve rows, plan distinct keys, run kernels, sum, check, explain.

No files are read or written here, and no number stands here that is not a method's own structure.
"""

from carbon.inventory.accounting import account
from carbon.inventory.result import Result

__all__ = ["Result", "account"]
