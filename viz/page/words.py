"""What a saved page says, in English; whoever speaks another language hands in these words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The words of a saved page. What stands in braces is put in by the page."""

    lang: str = "en"  # as HTML has it: "pt-BR"
    direction: str = "ltr"

    # What is chosen
    kind: str = "Attention"
    sentence: str = "Sentence"
    view: str = "View"
    heads_view: str = "All heads"
    head_view: str = "One head"
    layers_view: str = "All layers"
    stage: str = "Stage"
    layer: str = "Layer"
    head: str = "Head"
    picture: str = "Picture"
    theme: str = "Light or dark"
    previous: str = "Previous"
    following: str = "Next"

    # Stages, and what one number of each is called
    qkv: str = "Q, K, V"
    energy: str = "Energy"
    scores: str = "Scores"
    weights: str = "Weights"
    head_outputs: str = "Head outputs"
    output: str = "Output"
    qkv_value: str = "value"
    energy_value: str = "energy q·k"
    score_value: str = "score"
    weight_value: str = "weight"
    head_output_value: str = "head output"
    output_value: str = "output"

    # In pictures
    head_name: str = "Head {number}"
    layer_name: str = "Layer {number}"
    query_axis: str = "query (from)"
    key_axis: str = "key (to)"
    query_word: str = "query"
    key_word: str = "key"
    token_word: str = "token"
    at_word: str = "at"
    position_word: str = "position"
    dimension_word: str = "dimension"
    layer_word: str = "layer"
    head_word: str = "head"
    masked: str = "masked"
    gap: str = "nothing (a gap)"
    through_output: str = "All heads, mixed"
    term_energy: str = "energy"
    term_scores: str = "scores"
    term_weights: str = "weights"
    term_output: str = "output"

    # The row of words
    hint: str = "Point at a word: how much it attends to each of the others ({whose})."
    looks: str = "How much “{token}” attends to each word ({whose})."
    mean_of_heads: str = "mean of the heads"
    whose_head: str = "head {number}"
    words: str = "The sentence as words"

    # What is said of it
    pooled: str = (
        "Pooled to fit the screen: each cell shows the value furthest from zero among "
        "{rows} × {columns} numbers."
    )
    left_out_stages: str = "Left out, to keep this page small: every stage but the weights."
    left_out_pooled: str = (
        "Left out, to keep this page small: of each {rows} × {columns} weights the largest alone "
        "is in this page."
    )
    difference: str = "Largest difference from PyTorch's own attention: {difference}."
    link: str = "Open it in the app"
    made_with: str = "Made with Headlight {version}"
    offline: str = "This page holds all it shows: it loads nothing and sends nothing."
    no_script: str = "This page draws its pictures with JavaScript, which is switched off here."


ENGLISH = Words()
