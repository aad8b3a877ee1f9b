"""The gateway: shows the public exactly what may be shown, and asks consent before every answer that could depend."""
