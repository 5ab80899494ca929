"""Per-image scores from elsewhere: a table or a log becomes rows of a store, marked as imported.

docs/import.md has the columns, the names of other projects that are known, and the rules. What
``p3mbench report --per-image --format csv`` and ``p3mbench evaluate --format csv`` write is read.
"""

from p3mbench.ingest.defaults import FORMATS, Defaults
from p3mbench.ingest.storing import Imported, import_file

__all__ = ["FORMATS", "Defaults", "Imported", "import_file"]
