"""What a person can choose: options, limits and examples, as plain data."""
