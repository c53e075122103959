"""A notebook has the code in cells, and a trace beside it that it is compared with."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.defaults import pair_of, run_of
from tests.ui.scripts.running import Runner
from ui.frame.random_source import RandomWeights
from ui.runs.export import npz_bytes
from ui.runs.random_weights import RandomRun
from ui.scripts.explore import random_script
from ui.scripts.notebook import notebook_zip
from ui.scripts.script import Where

RUNS = {
    "one_layer": lambda: run_of(),
    "masked": lambda: run_of("a b c", "d", mask="causal_padding", layers=3),
    "pair": lambda: pair_of("a b c", "d e"),
}
HOSTILE = '# <b>x</b> ](javascript:x) `\u202e"""'


def files_of(run: RandomRun, **where: Any) -> tuple[dict[str, Any], bytes]:
    is_pair = run.target is not None
    trace = npz_bytes(run, RandomWeights(is_pair=is_pair).contents(run))
    data = notebook_zip(random_script(run, Where(**where)), "mine", trace)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert sorted(file.namelist()) == ["mine/mine.ipynb", "mine/trace.npz"]
        return json.loads(file.read("mine/mine.ipynb")), file.read("mine/trace.npz")


def code_of(notebook: dict[str, Any]) -> str:
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    return "\n\n".join(cells)


def beside(code: str, folder: Path) -> str:
    """The code, as it runs with the folder as its working directory."""
    return f"import os\nos.chdir({str(folder)!r})\n{code}"


def test_its_cells_run_and_compare_every_number_with_the_trace(
    torch_alone: Runner, tmp_path: Path
) -> None:
    for name, make in RUNS.items():
        folder = tmp_path / name
        folder.mkdir()
        notebook, trace = files_of(make())
        (folder / "trace.npz").write_bytes(trace)
        ((difference, said),) = torch_alone.run(
            {name: beside(code_of(notebook), folder)}, folder
        ).values()
        assert difference <= 1e-6, name
        for field in ("queries", "energy", "scores", "weights", "output", "final_output"):
            assert field in said
        assert "pip install plotly" in said  # which isn't there


def test_it_is_a_notebook_of_format_4_5() -> None:
    notebook, _trace = files_of(run_of(HOSTILE), link='http://here/?text=<">')
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert cell.keys() == {"cell_type", "id", "metadata", "source"} | code
    try:
        import nbformat
    except ImportError:
        return
    nbformat.validate(notebook)


def test_its_headings_are_the_sections() -> None:
    notebook, _trace = files_of(run_of())
    said = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"]
    titles = [text.splitlines()[0] for text in said]
    assert titles[0].startswith("# Attention")
    assert titles[1:] == [
        "## The settings",
        "## Vectors and weights from the seed",
        "## Attention",
        "## Blocks",
        "## The run",
        "## The check",
        "## A picture",
    ]


def test_a_link_in_it_ends_where_it_should() -> None:
    notebook, _trace = files_of(run_of(), link="http://here/?text=<script>\n")
    first = "".join(notebook["cells"][0]["source"])
    assert "<http://here/?text=%3Cscript%3E\\n>" in first


@pytest.mark.parametrize("name", RUNS)
def test_nothing_of_a_text_is_markup(name: str) -> None:
    notebook, _trace = files_of(run_of(HOSTILE) if name == "one_layer" else pair_of(HOSTILE, "a"))
    said = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"]
    assert not [text for text in said if "<b>" in text or "javascript" in text]
