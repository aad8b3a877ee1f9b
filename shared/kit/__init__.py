"""Plumbing without a domain word: problems, identity, databases, files, jobs, peers, logs, health."""
