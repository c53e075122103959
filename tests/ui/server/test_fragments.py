"""A page goes on after its server was replaced by another, which has drawn none of its parts."""

from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.servers import Server
from tests.ui.server.visitor import Visitor


def test_what_is_typed_after_a_restart_runs_the_whole_page(server: Server) -> None:
    with Visitor(server) as before:
        before.run(page_name="explore", query_string="heads=4")
        fragment, sentence = next(iter(before.fragments)), before.widgets["text"]
    with Visitor(server) as after:  # the same page, as another server sees it
        typed = WidgetState(id=sentence, string_value="Nobody knows why")
        drawn = after.run(
            [typed], page_name="explore", query_string="heads=4", fragment_id=fragment
        )
        assert not drawn.errors
        assert "plotly_chart" in drawn.element_kinds
        (field,) = [each for each in drawn.elements if getattr(each, "id", "").endswith("-text")]
        assert field.id == sentence
        again = after.run([typed], fragment_id=fragment, query_string="heads=4")
        assert "plotly_chart" in again.element_kinds
