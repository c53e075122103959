"""The committed part of plotly.js."""

import re

from plotly.offline import get_plotlyjs_version

from viz.page.bundle import PLOTLY_FILE, PLOTLY_VERSION, plotly_source


def test_it_is_the_version_that_the_app_draws_with() -> None:
    # Else: python -m tools.plotly_bundle, on a machine with npm.
    assert get_plotlyjs_version() == PLOTLY_VERSION
    assert plotly_source().startswith(f"// plotly.js {PLOTLY_VERSION}: scatter, bar, heatmap.")


def test_it_can_stand_in_a_page_under_a_strict_policy() -> None:
    source = plotly_source()
    assert source.isascii()
    assert not re.search(r"</script|<!--|\beval\(|new Function\(", source, re.IGNORECASE)


def test_it_is_a_quarter_of_the_whole_and_its_licences_stand_beside_it() -> None:
    assert len(plotly_source()) < 1_250_000
    licenses = PLOTLY_FILE.with_name("plotly.LICENSES.txt").read_text(encoding="utf-8")
    for package in ("plotly.js", "@plotly/d3", "d3-format", "culori", "polybooljs"):
        assert re.search(rf"^{re.escape(package)} \d", licenses, re.MULTILINE), package
