"""Makes one tool's pages: a process of its own, asked on standard input, a line of JSON each.

It imports the tool, makes a small page, which warms it up, and says how long that took. Then, for
each line {"weights", "layers", "tokens", "page", "message"}, it makes a page of those arrays and
writes it, as a file to open or as the message that a notebook's kernel would send.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

Layers = tuple[torch.Tensor, ...]  # (1, H, T, T) each
Make = Callable[[Layers, list[str]], str]
CDN = "https://cdnjs.cloudflare.com/ajax/libs/"


def headlight() -> tuple[Make, Make]:
    """A page to save, and what a notebook is sent."""
    import headlight

    return (
        lambda layers, tokens: headlight.show(layers, tokens).html(),
        lambda layers, tokens: headlight.show(layers, tokens)._repr_mimebundle_()["text/html"],
    )


def inspectus() -> Make:
    import inspectus
    import IPython.display

    def make(layers: Layers, tokens: list[str]) -> str:
        shown: list[str] = []
        IPython.display.display = lambda html: shown.append(html.data)
        inspectus.attention(list(layers), tokens)
        return _page("".join(shown))

    return make


def attnview() -> Make:
    import attnview

    return lambda layers, tokens: attnview.render_html(layers[0][0].numpy(), tokens=tokens)


def circuitsvis() -> Make:
    from circuitsvis.attention import attention_heads

    def make(layers: Layers, tokens: list[str]) -> str:
        shown = attention_heads(attention=layers[0][0], tokens=tokens, mask_upper_tri=False)
        return _page(shown.local_src)

    return make


def bertviz(view: str) -> tuple[Make, Make]:
    import bertviz

    show = getattr(bertviz, view)

    # What it loads from a server lies beside the page here: no network, and nothing waits for one.
    def cell(layers: Layers, tokens: list[str]) -> str:
        return show(layers, tokens, html_action="return").data.replace(CDN, "libs/")

    return lambda layers, tokens: _page(cell(layers, tokens)), cell


def _page(body: str) -> str:
    return f'<!doctype html><html><head><meta charset="utf-8"></head><body>{body}</body></html>'


def tool(name: str) -> tuple[Make, Make | None]:
    """How its page is made, and what it gives a notebook, where that is compared."""
    if name == "Headlight":
        return headlight()
    if name.startswith("BertViz's "):
        return bertviz(name.removeprefix("BertViz's "))
    return {"Inspectus": inspectus, "attnview": attnview, "CircuitsVis": circuitsvis}[name](), None


def main() -> None:
    as_page, as_cell = tool(sys.argv[1])
    small = (torch.full((1, 2, 4, 4), 0.25),)
    start = time.perf_counter()
    as_page(small, ["a", "b", "c", "d"])
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        weights = torch.from_numpy(np.load(asked["weights"]))[: asked["layers"]]
        layers = tuple(layer[None] for layer in weights)
        start = time.perf_counter()
        if asked["message"]:
            text = json.dumps({"data": {"text/html": as_cell(layers, asked["tokens"])}})
        else:
            text = as_page(layers, asked["tokens"])
        seconds = time.perf_counter() - start
        size = Path(asked["page"]).write_text(text, encoding="utf-8")
        print(json.dumps({"seconds": seconds, "bytes": size}), flush=True)


if __name__ == "__main__":
    main()
