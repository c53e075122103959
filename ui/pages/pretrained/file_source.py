"""Where the numbers come from that somebody has opened as a file."""

from typing import Any

import numpy as np

from model.errors import CodedText
from ui.choices.limits import MAX_PRETRAINED_LAYERS
from ui.frame.source import Source
from ui.link.memory import value_of
from ui.pages.pretrained.file_memory import opened_file
from ui.runs.export import Contents
from ui.runs.layers_of_file import LIMITS, Shown
from ui.runs.trace_file import FileRun, FileSettings, compute_from_file
from ui.text.errors import describe_error
from ui.text.i18n import _, ngettext
from ui.text.markdown import plain
from ui.text.numbers import whole
from ui.views.divisor import divisors_text

HOW_READ = frozenset(
    f"trace_file.{code}" for code in ("read_as_layers", "read_as_sentences", "computed", "divisor")
)
MOST_SAID = 300  # characters of a notice, in which a stranger's names stand


class FromFile(Source[FileSettings, FileRun]):
    """Attention that was computed elsewhere."""

    def settings(self) -> FileSettings:
        """Return what is open.

        Raises:
            ValueError: if no file is.
        """
        file = opened_file()
        if file is None:
            raise ValueError(
                _("The file isn't in the link, and isn't open here. Open it on Pretrained.")
            )
        return FileSettings(file)

    def compute(self, settings: FileSettings) -> FileRun:
        """Return the numbers of a file."""
        return compute_from_file(settings)

    def describe(self, run: FileRun) -> str:
        """Return that weights come from a file, its name and its sizes."""
        computed = frozenset().union(*(layer.computed for layer in run.every_layer))
        values = {"name": plain(run.name), "size": _sizes(run), "divisor": divisors_text(run)}
        if "weights" in computed:
            return _(
                "**queries and keys from a file**, {name}: {size}, weights computed here, "
                "energies ÷ {divisor}"
            ).format(**values)
        if run.knows("queries") and run.knows("keys"):
            return _(
                "**weights from a file**, {name}, not computed here: {size}, energies ÷ {divisor}"
            ).format(**values)
        return _("**weights from a file**, {name}, not computed here: {size}").format(**values)

    def describe_comparison(self, run: FileRun) -> str:
        """Return what was compared with PyTorch."""
        parity = run.parity
        if parity is None:
            return _(
                "The file has no queries and keys, so nothing can be computed again and compared."
            )
        said = _(
            "The file's weights against torch.nn.functional.scaled_dot_product_attention on its "
            "queries and keys, for all sentences, layers and heads. Largest absolute difference: "
            "{weights:.2e}."
        ).format(weights=parity.weights)
        if run.knows("head_outputs"):
            said += " " + _("Of the head outputs: {head_outputs:.2e}.").format(
                head_outputs=parity.head_outputs
            )
        if run.rounding:
            said += " " + _(
                "The file's weights have 16 bits, which accounts for {error:.0e}."
            ).format(error=run.rounding)
        return said

    def notices(self, run: FileRun) -> list[str]:
        """Return what isn't in the file as one would expect, and what there is no room for."""
        wrong = [each for each in run.notices if each.code not in HOW_READ]
        return [*map(_sentence, wrong), *describe_left_out(run.shown)]

    def describe_reading(self, run: FileRun) -> str:
        """Return how the file was read where it doesn't say all, which is nothing to warn of."""
        return " ".join(_sentence(each) for each in run.notices if each.code in HOW_READ)

    def contents(self, run: FileRun) -> Contents:
        """Return the layers' names; all else is in the trace."""
        names = [layer.name for layer in run.every_layer]
        arrays = {"names": np.array(names, dtype=np.str_)} if any(names) else {}
        return Contents({"file": run.name}, {"name": run.name}, arrays)

    def file_stems(self) -> tuple[str, str]:
        """Return stems with the file's name, without its folder."""
        file = opened_file()
        name = "file" if file is None else file.name
        return name, f"{name}_layer_{value_of('layer')}"

    def layout(self) -> tuple[Any, ...]:
        """Return the view, the kind, and which file is open."""
        return (*map(value_of, ("view", "kind", "from_file")), id(opened_file()))

    def count_sentences(self) -> int:
        """Return how many sentences can be looked at."""
        file = opened_file()
        return 1 if file is None else len(file.run.source.lengths)


FROM_FILE = FromFile()


def _sentence(notice: CodedText) -> str:
    said = plain(describe_error(notice, _), MOST_SAID)
    return said if said.endswith(".") else f"{said}."


def _sizes(run: FileRun) -> str:
    sizes = dict.fromkeys((run.layers_of(kind), run.heads_of(kind)) for kind in run.kinds)
    said = []
    for count, of_layer in sizes:
        layers = ngettext("{count} layer", "{count} layers", count).format(count=count)
        heads = ngettext("{count} head", "{count} heads", of_layer).format(count=of_layer)
        said.append(_("{layers} × {heads}").format(layers=layers, heads=heads))
    return _(" or ").join(said)


def describe_left_out(shown: Shown) -> list[str]:
    """Return what of a file isn't shown: layers of other shapes, and what is beyond the limits."""
    said = []
    if shown.other_shapes:
        left_out = ngettext(
            "{count} layer has other numbers of heads or tokens than those shown, and is left out.",
            "{count} layers have other numbers of heads or tokens than those shown, and are left "
            "out.",
            shown.other_shapes,
        )
        said.append(left_out.format(count=shown.other_shapes))
    if shown.beyond:
        said.append(
            _("The first {most} layers are shown: {count} are left out.").format(
                most=MAX_PRETRAINED_LAYERS, count=whole(shown.beyond)
            )
        )
    sentences, heads, queries, keys = (
        max(sizes) for sizes in zip(*shown.whole.values(), strict=True)
    )
    for count, most, text in (
        (sentences, LIMITS[0], _("The file has {count} sentences: the first {most} are shown.")),
        (heads, LIMITS[1], _("The file has {count} heads a layer: the first {most} are shown.")),
        (
            max(queries, keys),
            LIMITS[2],
            _("The file has {count} tokens a sentence: the first {most} are shown."),
        ),
    ):
        if count > most:
            said.append(text.format(count=whole(count), most=most))
    return said
