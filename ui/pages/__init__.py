"""The pages, a folder each, in the order of the navigation: whoever adds one adds a line here."""

from ui.frame.page import Page
from ui.pages.compare.page import PAGE as COMPARE
from ui.pages.encoder_decoder.page import PAGE as ENCODER_DECODER
from ui.pages.explore.page import PAGE as EXPLORE
from ui.pages.lab.page import PAGE as LAB
from ui.pages.learn.page import PAGE as LEARN
from ui.pages.pretrained.page import PAGE as PRETRAINED
from ui.pages.start.page import PAGE as START

PAGES: tuple[Page, ...] = (START, EXPLORE, ENCODER_DECODER, PRETRAINED, LEARN, COMPARE, LAB)
# Links from before there was a start page: at the first page's address, whoever asks for one of
# its parameters is shown this one, in place.
ONCE_FIRST = EXPLORE
