"""What the services share: contracts (what crosses a boundary) and kit (plumbing without a domain word)."""
