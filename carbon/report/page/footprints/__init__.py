"""Floor 8: the page of a product footprint: scenarios, stages, contributions, flows, quality, spread, equations."""

from carbon.report.page.footprints.page import page_of_footprint

__all__ = ["page_of_footprint"]
