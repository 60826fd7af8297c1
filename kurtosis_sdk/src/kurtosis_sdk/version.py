"""What this SDK is, and which engine it speaks to."""

from typing import Final

__version__: Final = "0.1.0"
ENGINE_VERSION: Final = (1, 20)
"""Major and minor version of the engines whose messages proto/ declares; the patch version does not matter."""
