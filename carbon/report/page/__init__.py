"""Floor 8: `report.html`, one self-contained page that opens with no network: pictures, tables, where figures are from.

Each kind of page has a folder of its own; all share template, style, script, parts and charts. They compute nothing
anew and escape whatever came from the user.
"""

from carbon.report.page.render import Page, render, write
from carbon.report.page.runs import page_of_run, render_page, write_page

__all__ = ["Page", "page_of_run", "render", "render_page", "write", "write_page"]
