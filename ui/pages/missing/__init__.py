"""The page of an address that has none."""
