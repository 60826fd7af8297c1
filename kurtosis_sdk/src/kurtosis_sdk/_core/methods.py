"""The methods of both gRPC services, typed. `tests/test_wire.py` holds this table against proto/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from kurtosis_sdk._wire import api_container_pb2 as apic
from kurtosis_sdk._wire import engine_pb2 as engine

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

ENGINE_SERVICE: Final = "engine_api.EngineService"
API_CONTAINER_SERVICE: Final = "api_container_api.ApiContainerService"


@dataclass(frozen=True, slots=True)
class Method(Generic[Q, R]):
    """One gRPC method: its service, its name, and the messages that go in and come out."""

    service: str
    name: str
    request: type[Q]
    response: type[R]

    @property
    def path(self) -> str:
        return f"/{self.service}/{self.name}"


_E = ENGINE_SERVICE
GET_ENGINE_INFO = Method(_E, "GetEngineInfo", Empty, engine.GetEngineInfoResponse)
CREATE_ENCLAVE = Method(_E, "CreateEnclave", engine.CreateEnclaveArgs, engine.CreateEnclaveResponse)
GET_ENCLAVES = Method(_E, "GetEnclavesByUuids", engine.GetEnclavesByUuidsArgs, engine.GetEnclavesResponse)
GET_IDENTIFIERS = Method(
    _E,
    "GetExistingAndHistoricalEnclaveIdentifiers",
    Empty,
    engine.GetExistingAndHistoricalEnclaveIdentifiersResponse,
)
STOP_ENCLAVE = Method(_E, "StopEnclave", engine.StopEnclaveArgs, Empty)
DESTROY_ENCLAVE = Method(_E, "DestroyEnclave", engine.DestroyEnclaveArgs, Empty)
CLEAN = Method(_E, "Clean", engine.CleanArgs, engine.CleanResponse)
GET_SERVICE_LOGS = Method(_E, "GetServiceLogs", engine.GetServiceLogsArgs, engine.GetServiceLogsResponse)

_A = API_CONTAINER_SERVICE
RUN_SCRIPT = Method(_A, "RunStarlarkScript", apic.RunStarlarkScriptArgs, apic.StarlarkRunResponseLine)
UPLOAD_PACKAGE = Method(_A, "UploadStarlarkPackage", apic.StreamedDataChunk, Empty)
RUN_PACKAGE = Method(_A, "RunStarlarkPackage", apic.RunStarlarkPackageArgs, apic.StarlarkRunResponseLine)
GET_SERVICES = Method(_A, "GetServices", apic.GetServicesArgs, apic.GetServicesResponse)
GET_SERVICE_IDENTIFIERS = Method(
    _A,
    "GetExistingAndHistoricalServiceIdentifiers",
    Empty,
    apic.GetExistingAndHistoricalServiceIdentifiersResponse,
)
EXEC_COMMAND = Method(_A, "ExecCommand", apic.ExecCommandArgs, apic.ExecCommandResponse)
UPLOAD_FILES = Method(_A, "UploadFilesArtifact", apic.StreamedDataChunk, apic.UploadFilesArtifactResponse)
DOWNLOAD_FILES = Method(_A, "DownloadFilesArtifact", apic.DownloadFilesArtifactArgs, apic.StreamedDataChunk)
STORE_WEB_FILES = Method(
    _A, "StoreWebFilesArtifact", apic.StoreWebFilesArtifactArgs, apic.StoreWebFilesArtifactResponse
)
LIST_FILES = Method(_A, "ListFilesArtifactNamesAndUuids", Empty, apic.ListFilesArtifactNamesAndUuidsResponse)
INSPECT_FILES = Method(
    _A,
    "InspectFilesArtifactContents",
    apic.InspectFilesArtifactContentsRequest,
    apic.InspectFilesArtifactContentsResponse,
)
CONNECT_SERVICES = Method(_A, "ConnectServices", apic.ConnectServicesArgs, apic.ConnectServicesResponse)
GET_STARLARK_RUN = Method(_A, "GetStarlarkRun", Empty, apic.GetStarlarkRunResponse)
