"""Rooms, in which a class follows its teacher's screen, and short links: what has a code.

All of it lies in a store, which several servers can share. Nothing here knows a page.
"""
