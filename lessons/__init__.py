"""Lessons: predict, then see. A file a lesson, as data; and what its questions can ask for.

A lesson never holds an answer, and no code: it names one of the answers in `lessons.answers`, which
are computed from the numbers that are shown. docs/teaching.md says how to write one.
"""
