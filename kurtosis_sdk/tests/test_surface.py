"""The names that Kurtosis users know are all there, and both shells offer the same."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import kurtosis_sdk
import kurtosis_sdk.aio

TABLE = {
    "KurtosisContext": """
        new_kurtosis_context_from_local_engine create_enclave create_production_enclave get_enclave_context get_enclaves
        get_enclave stop_enclave destroy_enclave clean get_service_logs get_existing_and_historical_enclave_identifiers
    """,
    "EnclaveContext": """
        get_enclave_uuid get_enclave_name run_starlark_script run_starlark_script_blocking run_starlark_package
        run_starlark_package_blocking run_starlark_remote_package run_starlark_remote_package_blocking
        get_service_context get_service_contexts get_services upload_files store_web_files download_files_artifact
        inspect_files_artifact get_all_files_artifact_names_and_uuids connect_services get_starlark_run
        get_existing_and_historical_service_identifiers
    """,
    "ServiceContext": """
        get_service_name get_service_uuid get_private_ip_address get_private_ports get_maybe_public_ip_address
        get_public_ports exec_command stop start kill pause unpause exit_code container_log
    """,
}
PAIRS = [
    (getattr(kurtosis_sdk, name), getattr(kurtosis_sdk.aio, name))
    for name in ("KurtosisContext", "EnclaveContext", "ServiceContext", "StarlarkRunStream", "ServiceLogStream")
]


@pytest.mark.parametrize("shell", [kurtosis_sdk, kurtosis_sdk.aio])
@pytest.mark.parametrize(("context", "names"), TABLE.items())
def test_every_name_of_the_table_is_there(shell: Any, context: str, names: str) -> None:
    missing = [name for name in names.split() if not callable(getattr(getattr(shell, context), name, None))]
    assert missing == []


@pytest.mark.parametrize(("sync", "aio"), PAIRS)
def test_both_shells_take_the_same_arguments(sync: type, aio: type) -> None:
    public = {name for name in vars(sync) if not name.startswith("_")}
    assert public == {name for name in vars(aio) if not name.startswith("_")}
    for name in public:
        ours, theirs = (
            inspect.signature(member) if callable(member := getattr(shell, name)) else None for shell in (sync, aio)
        )
        parameters = [
            [(each.name, each.default, each.kind, each.annotation) for each in signature.parameters.values()]
            if signature
            else None
            for signature in (ours, theirs)
        ]
        assert parameters[0] == parameters[1], name


def test_the_run_config_has_the_fields_and_defaults_of_the_others() -> None:
    config = kurtosis_sdk.StarlarkRunConfig()
    assert (config.relative_path_to_main_file, config.main_function_name, config.serialized_params) == ("", "", "{}")
    assert (config.dry_run, config.parallelism, config.experimental_feature_flags) == (False, 4, ())


def test_every_public_name_is_exported() -> None:
    for module in (kurtosis_sdk, kurtosis_sdk.aio):
        assert sorted(set(module.__all__)) == sorted(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)
