"""The address: what a link asks for, what a page remembers, what the browser's history holds."""
