"""How fast the proxy is, as ratios: it and other relays, side by side, in one run."""
