"""Tables as an HTML fragment for notebooks: no script, no style sheet, no identifiers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from jinja2 import Environment, Template

from p3mbench.report.html.page import table_view
from p3mbench.report.tables.model import Table

# Notebooks clean HTML differently, so that only inline styles are safe.
_TEMPLATE = """
{% for table in tables %}
<table style="border-collapse: collapse; margin: 0.5em 0 1em 0">
  <caption style="text-align: left; caption-side: top"><b>{{ table.title }}</b></caption>
  <thead>
    {% if table.groups %}
    <tr><td></td>{% for title, span in table.groups -%}
      <th colspan="{{ span }}" style="text-align: center">{{ title }}</th>{% endfor %}</tr>
    {% endif %}
    <tr><th style="text-align: left">{{ table.head }}</th>{% for column in table.columns -%}
      <th style="text-align: {{ 'left' if column.text else 'right' }}">{{ column.title }}</th>
      {%- endfor %}</tr>
  </thead>
  {% for block in table.blocks %}
  <tbody>
    {% if block.title %}
    <tr><th colspan="{{ table.columns|length + 1 }}" style="text-align: left">
      <i>{{ block.title }}</i></th></tr>
    {% endif %}
    {% for row in block.rows %}
    <tr><th style="text-align: left; font-weight: normal; white-space: nowrap"
      {%- if row.flags %} title="{{ row.flags }}"{% endif %}>{{ row.label }}
      {%- if row.marks %} <sup>{{ row.marks }}</sup>{% endif %}</th>
      {%- for cell in row.cells %}
      <td style="white-space: nowrap; padding: 0.1em 0.5em; text-align:
        {{- ' left' if cell.is_text else ' right' }}
        {{- styles.get(cell.class, '') }}"
        {%- if cell.hint %} title="{{ cell.hint }}"{% endif %}>{{ cell.text }}</td>{% endfor %}</tr>
    {% endfor %}
  </tbody>
  {% endfor %}
</table>
{% endfor %}
{% if notes %}<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>{% endif %}
"""
_STYLES = {"best": "; font-weight: bold", "second": "; text-decoration: underline"}


@cache
def _template() -> Template:
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_TEMPLATE)


def fragment(tables: Iterable[Table], notes: Iterable[str] = ()) -> str:
    """Return tables as HTML that a notebook can show; all text is escaped.

    Args:
        tables: of a report.
        notes: sentences below the tables.
    """
    shown = [table_view(table) for table in tables]
    return _template().render(tables=shown, notes=list(notes), styles=_STYLES).strip()
