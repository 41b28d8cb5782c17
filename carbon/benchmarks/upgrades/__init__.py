"""Floor 6, upgrades: measures before and after, cost and support, abatement tables, and checks of claimed savings.

Energy and emissions of both states go through inventory; nothing here holds a factor of its own.
"""
