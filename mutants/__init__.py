"""A catalogue of broken proxies: each is ours with one bug, put in at start. The suite must catch every one.

Never shipped: the wheel holds `proxy` and `e2e` only.
"""
