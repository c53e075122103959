"""The floor: the smallest Streamlit app with a live text input and one 32x32 heatmap."""

import zlib

import numpy as np
import plotly.graph_objects as go
import streamlit as st

text = st.text_input("Sentence", "the cat sat on the mat", key="text", live="100ms")
rng = np.random.default_rng(zlib.crc32(text.encode()))
figure = go.Figure(go.Heatmap(z=rng.random((32, 32), dtype=np.float32)))
st.plotly_chart(figure, key="heads_chart")
