"""Floor 8: the page of an upgrade study: abatement costs, cash flow, before and after, each measure retraced."""

from carbon.report.page.upgrades.page import page_of_upgrade

__all__ = ["page_of_upgrade"]
