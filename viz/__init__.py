"""Pictures and tables of attention: NumPy arrays in, Plotly figures and pandas tables out."""
