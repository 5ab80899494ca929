"""Import per-image scores: a table or a log becomes rows of a store, marked as imported.

docs/import.md has the columns, the names of other projects and the rules. The importer also reads
the output of ``p3mbench report --per-image --format csv`` and ``p3mbench evaluate --format csv``.
"""

from p3mbench.ingest.defaults import FORMATS, Defaults
from p3mbench.ingest.storing import Imported, import_file

__all__ = ["FORMATS", "Defaults", "Imported", "import_file"]
