"""Floor 7: the same accounts for tables larger than memory and for many machines.

A table is cut into partitions; each is computed by itself into a small part (exact sums and one sample row of each
combination of facility, key and meter), and the parts are folded into one result. Nothing here computes an emission.
"""
