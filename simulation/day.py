def day(hours): return {}
