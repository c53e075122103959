"""Figures as one HTML file that opens anywhere and loads nothing."""
