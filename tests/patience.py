"""How long tests wait for what takes a moment, before they say that it will never come."""

LONG = 150.0  # seconds, for the busiest machine; pytest gives up a test after 180
