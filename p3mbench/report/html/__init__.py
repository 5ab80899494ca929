"""The report as one web page that needs nothing else: no server, no network, no library.

Everything a page shows that came from outside (names of methods and files, reasons of failures)
is text: escaped by the template or held in JSON that cannot end its element, under a content
security policy that lets only the page's own script and style run.
"""

from p3mbench.report.html.page import Page, render_html

__all__ = ["Page", "render_html"]
