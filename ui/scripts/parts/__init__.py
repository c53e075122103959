"""What code is put together from: see ui.scripts.assembly. Nothing here is run by the app."""
