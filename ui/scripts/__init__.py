"""Code that reproduces the numbers of a run, for people to read, run and change."""
