"""Floor 8: the page of a run of facilities: totals by period, scope, gas and facility, energy, levels, lineage."""

from carbon.report.page.runs.page import page_of_run, render_page, write_page

__all__ = ["page_of_run", "render_page", "write_page"]
