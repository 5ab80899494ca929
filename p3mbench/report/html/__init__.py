"""The report as one web page that needs nothing else: no server, no network, no library.

Names of methods and files, reasons of failures and everything else from outside is text on the
page. The template escapes it, or it is JSON that cannot end its element. A content security policy
lets only the page's own script and style run.
"""

from p3mbench.report.html.page import Page, render_html

__all__ = ["Page", "render_html"]
