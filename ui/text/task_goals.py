"""What a task asks for, and what a solving head has to do."""

from ui.text.i18n import _

GOALS = {
    "reverse": _("Say the letters backwards. A solving head looks at the place across."),
    "copy": _("Say the letters again after the bar. A solving head looks back, always as far."),
    "shift": _("Say the letter before. A solving head looks one place back."),
    "sort": _("Say the digits in order. A solving head finds the digit of each rank."),
    "histogram": _("Say how often each letter occurs. A solving head looks at its likes."),
    "majority": _("Say which letter is the most frequent. A solving head looks at all alike."),
    "compare": _("Is the right neighbour larger than the left one? Two heads look at one each."),
    "lookup": _("Say the value of the key in front. A solving head finds the key's pair."),
    "brackets": _("Say which bracket closes. A solving head finds the one that opened."),
    "induction": _("Continue a repetition. A solving head looks at what followed the last time."),
    "characters": _("Say the next character of your text. Heads look back at what helps."),
    "numbers": _("Write number words in digits. Cross-attention aligns digits with words."),
}  # fmt: skip
