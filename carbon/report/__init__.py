"""Floor 8: results as files for people: CSV that opens in a spreadsheet, and a report in words. Computes nothing."""

from carbon.report.markdown import figure, render_markdown
from carbon.report.tables import cell, csv_bytes
from carbon.report.words import words

__all__ = ["cell", "csv_bytes", "figure", "render_markdown", "words"]
