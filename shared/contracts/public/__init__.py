"""The bodies of the public API: what every reader may rely on within `v1`.

The gateway builds these as plain dictionaries, row by row; the classes are the contract that they are tested against
and the source of the OpenAPI document.
"""
