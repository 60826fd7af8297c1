"""What both shells, synchronous and asyncio, have in common: requests, answers and the order of calls; no I/O."""
