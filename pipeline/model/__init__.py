"""The nouns of the pipeline, in numpy alone: what can be drawn, when its steps are, and what drawing gives."""
