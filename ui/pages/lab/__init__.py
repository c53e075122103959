"""Lab: experiments in bulk, to learn what a setting does by trying it."""
