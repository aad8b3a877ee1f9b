"""Requests as fast as they are answered, from a process of its own, and the gateways they are sent to."""
