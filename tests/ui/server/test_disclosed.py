"""What a page is told about the server, and what nobody may ask of it."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.servers import ROOT, Server
from tests.ui.server.visitor import Visitor
from ui.server.disclosed import is_a_developers


def test_no_message_tells_where_the_server_is_or_what_it_runs_on(server: Server) -> None:
    with Visitor(server) as visitor:
        drawn = visitor.run(page_name="explore")
    told = b"".join(message.SerializeToString() for message in drawn.messages)
    assert str(ROOT).encode() not in told
    (new,) = [m.new_session for m in drawn.messages if m.WhichOneof("type") == "new_session"]
    assert new.main_script_path == "app.py"
    assert new.initialize.environment_info.python_version == ""
    assert new.initialize.environment_info.server_os == ""


def test_a_developers_commands_do_nothing(server: Server, visitor: Visitor) -> None:
    visitor.send(BackMsg(load_git_info=True))
    visitor.send(BackMsg(clear_cache=True))
    drawn = visitor.run()
    kinds = {message.WhichOneof("type") for message in drawn.messages}
    assert "git_info_changed" not in kinds


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (BackMsg(rerun_script={}), False),
        (BackMsg(app_heartbeat=True), False),
        (BackMsg(stop_script=True), False),
        (BackMsg(backend_operation_request={"deferred_file": {}}), False),
        (BackMsg(backend_operation_request={"install_skills": {}}), True),
        (BackMsg(backend_operation_request={}), True),
        (BackMsg(clear_cache=True), True),
        (BackMsg(load_git_info=True), True),
        (BackMsg(set_run_on_save=True), True),
    ],
)
def test_whose_commands_they_are(message: BackMsg, expected: bool) -> None:
    assert is_a_developers(message) is expected
