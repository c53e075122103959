"""The words of a saved page, in the reader's language."""

from ui.text.i18n import _, spoken
from viz.page import Words


def page_words() -> Words:
    """Return all that a saved page says by itself."""
    return Words(
        lang=spoken().code.replace("_", "-"),
        direction=spoken().locale.text_direction,
        kind=_("Attention"),
        sentence=_("Sentence"),
        view=_("View"),
        heads_view=_("All heads"),
        head_view=_("One head"),
        layers_view=_("All layers"),
        stage=_("Stage"),
        layer=_("Layer"),
        head=_("Head"),
        picture=_("Picture"),
        theme=_("Light or dark"),
        previous=_("Previous"),
        following=_("Next"),
        **_of_stages(),
        **_of_pictures(),
        **_of_tokens(),
        **_of_the_page(),
    )


def _of_stages() -> dict[str, str]:
    return {
        "qkv": _("Q, K, V"),
        "energy": _("Energy"),
        "scores": _("Scores"),
        "weights": _("Weights"),
        "head_outputs": _("Head outputs"),
        "output": _("Output"),
        "qkv_value": _("value"),
        "energy_value": _("energy q·k"),
        "score_value": _("score"),
        "weight_value": _("weight"),
        "head_output_value": _("head output"),
        "output_value": _("output"),
    }


def _of_pictures() -> dict[str, str]:
    return {
        "head_name": _("Head {number}"),
        "layer_name": _("Layer {number}"),
        "query_axis": _("query (from)"),
        "key_axis": _("key (to)"),
        "query_word": _("query"),
        "key_word": _("key"),
        "token_word": _("token"),
        "at_word": _("at"),
        "position_word": _("position"),
        "dimension_word": _("dimension"),
        "layer_word": _("layer"),
        "head_word": _("head"),
        "masked": _("masked"),
        "gap": _("nothing (a gap)"),
        "through_output": _("All heads, through fc_out"),
        "term_energy": _("energy"),
        "term_scores": _("scores"),
        "term_weights": _("weights"),
        "term_output": _("output"),
    }


def _of_tokens() -> dict[str, str]:
    return {
        "hint": _("Point at a word: how much it attends to each of the others ({whose})."),
        "looks": _("How much “{token}” attends to each word ({whose})."),
        "mean_of_heads": _("mean of the heads"),
        "whose_head": _("head {number}"),
        "words": _("The sentence as words"),
    }


def _of_the_page() -> dict[str, str]:
    return {
        "pooled": _(
            "Pooled to fit the screen: each cell shows the value furthest from zero among "
            "{rows} × {columns} numbers."
        ),
        "left_out_stages": _("Left out, to keep this page small: every stage but the weights."),
        "left_out_pooled": _(
            "Left out, to keep this page small: of each {rows} × {columns} weights the largest "
            "alone is in this page."
        ),
        "difference": _("Largest difference from PyTorch's own attention: {difference}."),
        "link": _("Open it in the app"),
        "made_with": _("Made with Headlight {version}"),
        "offline": _("This page holds all it shows: it loads nothing and sends nothing."),
        "no_script": _("This page draws its pictures with JavaScript, which is switched off here."),
    }
