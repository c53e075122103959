"""The examples run as they stand: those of the documents, the docstrings and the notebook."""

import doctest
import importlib
from pathlib import Path
from typing import Any

import nbformat
import pytest
from markdown_it import MarkdownIt
from nbclient import NotebookClient

from tests.library.conftest import ROOT, RunScript

NOTEBOOK = ROOT / "docs/notebook.ipynb"


def test_the_examples_of_the_page_run_one_after_the_other(run_script: RunScript) -> None:
    text = (ROOT / "docs/notebooks.md").read_text(encoding="utf-8")
    blocks = [t.content for t in MarkdownIt().parse(text) if t.type == "fence"]
    examples = [t for t in MarkdownIt().parse(text) if t.type == "fence" and t.info == "python"]
    assert len(blocks) - 1 == len(examples) == 7
    printed = run_script("\n".join(example.content for example in examples))
    assert "got 2 tokens, and the queries of layer 0 are 4" in printed
    assert "largest difference from the model itself: " in printed


@pytest.mark.parametrize("module", ["headlight", "headlight.showing", "headlight.model.recording"])
def test_the_examples_of_docstrings_are_right(headlight: Any, module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted > 0
    assert found.failed == 0


def test_the_notebook_is_kept_without_its_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count] == []


def test_the_notebook_runs_in_a_kernel(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From top to bottom, with the installed package, in a folder that isn't the checkout."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    elsewhere = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources=elsewhere)
    client.execute()
    shown = [
        output.data
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type in ("execute_result", "display_data")
    ]
    pages = [data for data in shown if "AttentionPage" in data.get("text/plain", "")]
    assert "<AttentionPage: 3 layers of 4 heads, 11 queries × 11 keys>" in pages[0]["text/plain"]
    assert [data["text/html"][:15] for data in pages] == ["<iframe srcdoc="] * len(pages)
    assert len(pages) >= 3  # and MiniLM's, where it is installed
    assert "application/vnd.plotly.v1+json" in shown[-1]
