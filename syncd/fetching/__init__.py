"""The guarded HTTP client, fetch sessions, and parse workers.

Nothing is imported here, on purpose: a parse worker starts in this package and must not pay for aiohttp.
"""
