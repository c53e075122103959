"""The views of one run, each a function that draws itself where it is called."""
