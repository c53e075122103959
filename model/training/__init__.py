"""Learning a task, step by step, with snapshots on the way."""
