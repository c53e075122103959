"""The code of random weights gives the app's numbers, with torch alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.masks import encode_cells
from model.pretrained.base import ModelUnavailableError
from tests.defaults import SENTENCE, TARGET, pair_of, run_of
from tests.matrix import EIGHTH, examples
from tests.ui.scripts.running import Runner
from ui.choices.options import ACTIVATIONS, MASKS, NORM_ORDERS, PAIR_MASKS, PROJECTIONS, SCALES
from ui.runs.random_weights import RandomRun
from ui.runs.word_vectors import word_vectors
from ui.scripts.explore import random_script
from ui.scripts.script import Where

CLOSE = 1e-6  # one machine, one PyTorch: what is left is the order of sums
HOSTILE = (
    'a"b"""c \\ \\n {x} %s \u202eevil\u202c \u2066x\u2069 \ud800 \u2028 \x00 \x1b[31m '
    "'''  #  </script> 👩‍👩‍👧 é e\u0301 שלום عربى"
)
POSITIONS = ("none", "sinusoidal", "learned", "rotary", "alibi")
PAINTED = encode_cells(np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0]], dtype=bool))
BACKWARDS = encode_cells(np.tril(np.ones((3, 3), dtype=bool), -1) | np.eye(3, dtype=bool))

ONE: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "default": ((), {}),
    "one token": (("word",), {}),
    **{f"projection {p}": ((), {"projection": p}) for p in PROJECTIONS},
    **{f"scale {s}": ((), {"scale": s, "projection": "shared"}) for s in SCALES},
    **{f"scale {s}, tempered": ((), {"scale": s, "temperature": 0.7}) for s in SCALES},
    **{f"positions {p}": ((), {"positions": p}) for p in POSITIONS},
    **{f"norm {n}": ((), {"norm_order": n, "layers": 3}) for n in NORM_ORDERS},
    "norm pre, one layer": ((), {"norm_order": "pre"}),
    **{f"feed-forward {a}": ((), {"activation": a}) for a in ACTIVATIONS},
    **{f"mask {m}": ((), {"mask": m}) for m in MASKS},
    **{
        f"mask {m}, several": (("a b c d", "e", "f g"), {"mask": m, "span": 2, "layers": 2})
        for m in MASKS
    },
    "window ahead": ((), {"mask": "window", "look_ahead": True}),
    "strided ahead": ((), {"mask": "strided", "look_ahead": True, "span": 2}),
    "painted": ((), {"mask": "custom", "cells": PAINTED}),
    "painted, several": (("a b c d e", "f"), {"mask": "custom", "cells": PAINTED}),
    "painted, causal": ((), {"mask": "custom", "cells": BACKWARDS}),
    "an empty sentence": (("", "a b"), {"mask": "padding"}),
    "several, no mask": (("a b c", "d"), {"positions": "sinusoidal"}),
    "characters": (("né au Zoo",), {"tokenizer": "characters"}),
    "heads of 12": ((), {"heads": 12, "embed_size": 48, "positions": "alibi"}),
    "large": ((), {"embed_size": 256, "heads": 16, "layers": 2, "seed": 2**31 - 1}),
    "long": (("word " * 90,), {"heads": 2, "mask": "causal"}),  # of these, a sample is compared
    "hostile": ((HOSTILE,), {}),
    "hostile characters": ((HOSTILE,), {"tokenizer": "characters", "layers": 2}),
}
PAIRS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "default": ((), {}),
    "one layer": ((), {"layers": 1}),
    **{f"mask {m}": ((), {"mask": m}) for m in PAIR_MASKS},
    **{f"positions {p}": ((), {"positions": p}) for p in POSITIONS},
    **{f"projection {p}": ((), {"projection": p}) for p in PROJECTIONS},
    "norm pre": ((), {"norm_order": "pre", "activation": "gelu", "temperature": 2.0}),
    "two pairs": (("a b c", "d", "e", "f g h"), {}),
    "two pairs, no mask": (("a b c", "d", "e", "f g h"), {"mask": "none"}),
    "hostile": ((HOSTILE, HOSTILE[::-1]), {}),
}


def script(run: RandomRun, **where: Any) -> str:
    return random_script(run, Where(**where, link="http://here/explore?text=%22")).python("x.py")


@EIGHTH
def test_the_code_gives_the_numbers_of_every_option(
    torch_alone: Runner, tmp_path: Path, part: slice
) -> None:
    sources = {
        name.replace(" ", "_"): script(
            run_of(*texts, **changes), layer=changes.get("layers", 1) - 1
        )
        for name, (texts, changes) in list(ONE.items())[part]
    }
    for name, (difference, _said) in torch_alone.run(sources, tmp_path).items():
        assert difference <= CLOSE, name


@EIGHTH
def test_the_code_of_a_pair_gives_the_numbers_of_every_option(
    torch_alone: Runner, tmp_path: Path, part: slice
) -> None:
    kinds = ("encoder_self", "decoder_self", "cross")
    sources = {}
    for i, (name, (texts, changes)) in enumerate(list(PAIRS.items())[part]):
        run = pair_of(*texts, **changes)
        where = {"kind": kinds[i % 3], "sentence": len(run.source.lengths) - 1}
        sources[name] = script(run, **where)
    for name, (difference, _said) in torch_alone.run(sources, tmp_path).items():
        assert difference <= CLOSE, name


def test_the_code_has_minilms_word_vectors_in_it(torch_alone: Runner, tmp_path: Path) -> None:
    try:
        word_vectors()
    except ModelUnavailableError as error:
        pytest.skip(str(error))
    sources = {
        "few": script(run_of(vectors="minilm")),
        "more_than_there_are": script(run_of("a b", vectors="minilm", embed_size=392, heads=8)),
    }
    for difference, _said in torch_alone.run(sources, tmp_path).values():
        assert difference <= CLOSE


texts = st.lists(st.text(min_size=0, max_size=12), min_size=1, max_size=3)
changes = st.fixed_dictionaries(
    {
        "layers": st.integers(1, 3),
        "embed_size": st.sampled_from((16, 32, 64)),
        "heads": st.sampled_from((1, 2, 4, 8)),
        "mask": st.sampled_from(MASKS),
        "span": st.integers(1, 4),
        "look_ahead": st.booleans(),
        "cells": st.sampled_from(("", PAINTED, BACKWARDS)),
        "projection": st.sampled_from(PROJECTIONS),
        "scale": st.sampled_from(SCALES),
        "temperature": st.sampled_from((0.5, 1.0, 3.0)),
        "tokenizer": st.sampled_from(("words", "characters")),
        "positions": st.sampled_from(POSITIONS),
        "norm_order": st.sampled_from(NORM_ORDERS),
        "activation": st.sampled_from(ACTIVATIONS),
        "seed": st.integers(0, 2**31 - 1),
    }
)


def test_combinations_give_the_apps_numbers(torch_alone: Runner, tmp_path: Path) -> None:
    sources: dict[str, str] = {}

    @examples(40)
    @given(texts, changes)
    def gather(typed: list[str], chosen: dict[str, Any]) -> None:
        run = run_of(*typed, **chosen)
        if not run.is_empty:
            sources[f"n{len(sources)}"] = script(run, sentence=len(typed) - 1)

    gather()
    for name, (difference, _said) in torch_alone.run(sources, tmp_path).items():
        assert difference <= 1e-5, sources[name]  # energies that nothing divides make larger ones


def test_the_file_says_where_it_is_from_and_how_it_is_run() -> None:
    said = random_script(run_of(), Where(link="http://here/explore?heads=8")).python("mine.py")
    assert "# http://here/explore?heads=8\n" in said
    assert "    pip install torch\n    python mine.py\n" in said
    assert "Headlight" in said
    assert "PyTorch" in said


def test_only_what_the_settings_need_is_in_it() -> None:
    plain = script(run_of())
    absent = ["mask", "allowed", "rotate", "alibi", "sinusoidal", "gelu", "TEMPERATURE", "decoder"]
    assert [word for word in absent if word in plain] == []
    code = plain.partition("# %% The check")[0]
    assert len(code.splitlines()) < 160
    assert SENTENCE.split()[0] in plain
    assert TARGET.split()[0] not in plain


def test_no_mark_that_changes_what_a_reader_sees_is_in_it() -> None:
    for tokenizer in ("words", "characters"):
        said = script(run_of(HOSTILE, tokenizer=tokenizer))
        unseen = {c for c in said if not c.isprintable() and c != "\n"}
        assert not unseen
