"""Floor 5: product footprints: processes, what they take from one another, one system, its solution.

Arrays and tables come in and results go out; no file is read here and no number stands here.
"""
