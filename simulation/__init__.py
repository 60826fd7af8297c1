"""Clients, nodes and a nemesis in virtual time around the real session, routing and health. See `world`."""
