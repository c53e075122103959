"""A process that trains, started with the file descriptor of its pipe as the only argument."""

# Not in worker.py: what is run is called __main__, and its classes would be others than those
# that the pipe brings.
from .worker import main

main()
