"""Tables and plots from stored rows: store rows -> `build` -> `Report` -> `render`.

The report knows the store's rows (a pandas DataFrame) and no method.
"""

from p3mbench.report.build import build
from p3mbench.report.images import per_image
from p3mbench.report.render import formats, render
from p3mbench.report.tables.model import Report, Role, Table

__all__ = ["Report", "Role", "Table", "build", "formats", "per_image", "render"]
