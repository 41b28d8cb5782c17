"""Floor 6: upgrades, which are measures before and after, their cost and support, and checks of claimed savings.

Energy and emissions of both states go through inventory; nothing here holds a factor of its own.
"""
