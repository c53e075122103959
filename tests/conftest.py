"""What all tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from hypothesis import settings

# The app hides what went wrong from its users (.streamlit/config.toml); its tests want to read it.
st.set_option("client.showErrorDetails", "full")

# The same examples every time, on however slow a machine. To look for new ones:
#   make test ARGS="--hypothesis-profile=explore"
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def kept_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache directory of the tests', and nobody's own: models are converted once for all."""
    folder = tmp_path_factory.mktemp("cache")
    yield folder
    shutil.rmtree(folder)  # half a gigabyte
