"""The network in a Kurtosis enclave: the one part of the suite that needs `kurtosis_sdk`, an engine and Docker."""
