"""Compare: two configurations side by side, and what lies between them."""
