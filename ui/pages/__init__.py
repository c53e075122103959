"""The pages, a folder each, in the order of the navigation: whoever adds one adds a line here."""

from ui.frame.page import Page
from ui.pages.compare.page import PAGE as COMPARE
from ui.pages.encoder_decoder.page import PAGE as ENCODER_DECODER
from ui.pages.explore.page import PAGE as EXPLORE
from ui.pages.lab.page import PAGE as LAB
from ui.pages.learn.page import PAGE as LEARN
from ui.pages.pretrained.page import PAGE as PRETRAINED

PAGES: tuple[Page, ...] = (EXPLORE, ENCODER_DECODER, PRETRAINED, LEARN, COMPARE, LAB)
