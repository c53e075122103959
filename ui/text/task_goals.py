"""What a task asks for, and what a solving head has to do."""

from ui.text.i18n import N_

GOALS = {
    "reverse": N_("Say the letters backwards. A solving head looks at the place across."),
    "copy": N_("Say the letters again after the bar. A solving head looks back, always as far."),
    "shift": N_("Say the letter before. A solving head looks one place back."),
    "sort": N_("Say the digits in order. A solving head finds the digit of each rank."),
    "histogram": N_("Say how often each letter occurs. A solving head looks at its likes."),
    "majority": N_("Say which letter is the most frequent. A solving head looks at all alike."),
    "compare": N_("Is the right neighbour larger than the left one? Two heads look at one each."),
    "lookup": N_("Say the value of the key in front. A solving head finds the key's pair."),
    "brackets": N_("Say which bracket closes. A solving head finds the one that opened."),
    "induction": N_("Continue a repetition. A solving head looks at what followed the last time."),
    "characters": N_("Say the next character of your text. Heads look back at what helps."),
    "numbers": N_("Write number words in digits. Cross-attention aligns digits with words."),
}  # fmt: skip
