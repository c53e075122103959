"""Words: translation, what is safe in Markdown, and what options, stages and tasks are called."""
