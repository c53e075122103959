"""What all tests share."""

import shutil
from pathlib import Path

import pytest
import streamlit as st
from hypothesis import settings

# The app hides what went wrong from its users (.streamlit/config.toml); its tests want to read it.
st.set_option("client.showErrorDetails", "full")

# The same examples every time, on however slow a machine: of the usual hundred, `make test` tries
# a few. To look for new ones:
#   make test ARGS="--hypothesis-profile=explore"
settings.register_profile("quick", derandomize=True, deadline=None, max_examples=15)
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("steady")


MODELS = "models"  # below the folder of temporary files


@pytest.fixture(scope="session")
def kept_models(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A cache directory of the tests', and nobody's own: models are converted once for all."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / MODELS
    folder.mkdir(exist_ok=True)
    return folder


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove half a gigabyte, once no worker needs it any more."""
    if not hasattr(session.config, "workerinput"):
        folder = session.config._tmp_path_factory.getbasetemp() / MODELS
        shutil.rmtree(folder, ignore_errors=True)
