"""Floor 8: results as files for people: CSV that opens in a spreadsheet, and a report in words. Computes nothing."""

from carbon.report.markdown import by_set, figure, render_markdown
from carbon.report.tables import cell, csv_bytes, write_csv
from carbon.report.words import words

__all__ = ["by_set", "cell", "csv_bytes", "figure", "render_markdown", "words", "write_csv"]
