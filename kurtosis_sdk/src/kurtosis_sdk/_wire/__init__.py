"""Generated from proto/ by generate_wire.py. Do not edit."""
