"""`candour source …`: what kinds of files there are, what is in one, on what ground a feed is held, what changed."""
