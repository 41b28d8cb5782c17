"""A level set of one's own, as tests write it."""

META = """
id = "own/sector"
title_zh = "自有水平"
title_en = "Own levels"
publisher = "Plant"
document = "Own 1"
licence = "own"
kind = "sector"
tiers = ["benchmark", "baseline"]
verification = "unverified"
verified_from = "own statistics"
"""
