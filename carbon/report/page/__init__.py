"""Floor 8: `report.html`, one self-contained page that opens with no network: pictures, tables, where figures are from.

It computes nothing anew and escapes whatever came from the user.
"""

from carbon.report.page.render import render_page, write_page

__all__ = ["render_page", "write_page"]
