"""What the proxy is measured against: relays that forward and do nothing else."""
