"""The Streamlit code: state, cached calls, the bridge from traces to figures, and the pages."""
