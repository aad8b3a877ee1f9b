"""`candour audit-disclosure URL`: reads what a gateway tells the public, and computes what an insider could infer.

A program of its own: it knows the publisher's addresses and bytes, and none of its code.
"""
