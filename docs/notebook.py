"""Write and execute docs/notebook.ipynb: `python docs/notebook.py` (needs nbclient, ipykernel)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

CELLS = (
    "# p3mbench in a notebook\n\nWhat does it cost a network to be trained on portraits with "
    "blurred faces? Four drawn portraits of the built-in benchmark `mini` and two methods, on a "
    "CPU, in half a minute. Take more images and methods for numbers that mean something.",
    ">import p3mbench\n\nresults = p3mbench.run(\n"
    '    "modnet,closed-form", benchmark="mini", limit=4, out="first-run"\n)\nresults',
    "Each column is TRAIN:TEST: trained with faces blurred (B) or visible (N), tested on images "
    "with faces blurred or visible. `modnet` ran with the thin networks that ship with p3mbench; "
    "`closed-form` learns nothing (–).\n\n`scores` has a row per image:",
    '>shown = ["method", "train_setting", "subset", "variant", "image", "sad", "mse"]\n'
    "results.scores[shown].head()",
    "It is a DataFrame, so pandas answers further questions:",
    '>by = results.scores.groupby(["method", "train_setting", "variant"])\n'
    'by["sad"].mean().unstack().round(2)',
    "The cost of privacy is the gap between two settings over the same images. With four images "
    "the intervals are wide:",
    '>results.gap("sad", kind="trimap-free").round(3)',
    ">results.plot(kind=\"trimap-free\")",
    "The same table for a paper:",
    '>print(results.table(metrics="sad", kind="trimap-free").to("latex")[:700], "...")',
    "A matte of one image, with a network that ships, and its score:",
    ">import numpy as np\n\npredictor = p3mbench.load_method(\"modnet\", weights=\"nano-B\")\n"
    "image = np.full((96, 64, 3), 200, np.uint8)\nmatte = predictor.predict(image)\n"
    'matte.shape, matte.dtype, p3mbench.evaluate(matte, np.ones_like(matte), metrics="mad")',
    "A later session reads the results again: `p3mbench.load_results(\"first-run\")`. "
    "[api.md](api.md) explains every name.",
)  # fmt: skip


def notebook() -> nbformat.NotebookNode:
    """Return the notebook without outputs; cells that begin with ">" are code."""
    cells = [
        new_code_cell(text[1:]) if text.startswith(">") else new_markdown_cell(text)
        for text in CELLS
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


if __name__ == "__main__":
    made = notebook()
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(made, timeout=600, resources={"metadata": {"path": folder}}).execute()
    for cell in made.cells:
        cell.metadata.pop("execution", None)  # times of the machine
    made.metadata.pop("language_info", None)
    path = Path(__file__).with_suffix(".ipynb")
    path.write_text(nbformat.writes(made) + "\n", encoding="utf-8")
