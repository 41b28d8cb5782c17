"""Floor 3: the factor library: code lists, factor sets, method packs; match a key to its factors, search, compare.

It reads the data folders and answers questions about single keys. It knows no rows and computes no emissions.
"""

from carbon.library.codes import Item, Names, Region
from carbon.library.library import Library, load_library
from carbon.library.match import Match, Miss, find
from carbon.library.sets import Factor, FactorSet

__all__ = ["Factor", "FactorSet", "Item", "Library", "Match", "Miss", "Names", "Region", "find", "load_library"]
