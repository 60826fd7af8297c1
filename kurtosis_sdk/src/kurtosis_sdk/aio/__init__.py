"""The same SDK for asyncio: the names of `kurtosis_sdk`, to be awaited.

Values, errors and configuration are those of `kurtosis_sdk`.
"""

from kurtosis_sdk.aio.enclave_context import EnclaveContext
from kurtosis_sdk.aio.kurtosis_context import KurtosisContext
from kurtosis_sdk.aio.service_context import ServiceContext
from kurtosis_sdk.aio.streams import ServiceLogStream, StarlarkRunStream

__all__ = ["EnclaveContext", "KurtosisContext", "ServiceContext", "ServiceLogStream", "StarlarkRunStream"]
