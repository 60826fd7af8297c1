import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ServiceStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SERVICE_STOPPED: _ClassVar[ServiceStatus]
    SERVICE_RUNNING: _ClassVar[ServiceStatus]
    SERVICE_UNKNOWN: _ClassVar[ServiceStatus]

class ImageDownloadMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALWAYS: _ClassVar[ImageDownloadMode]
    MISSING: _ClassVar[ImageDownloadMode]

class KurtosisFeatureFlag(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NO_INSTRUCTIONS_CACHING: _ClassVar[KurtosisFeatureFlag]

class Connect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONNECT: _ClassVar[Connect]
    NO_CONNECT: _ClassVar[Connect]

class RestartPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NEVER: _ClassVar[RestartPolicy]
    RESTART_ALWAYS: _ClassVar[RestartPolicy]
SERVICE_STOPPED: ServiceStatus
SERVICE_RUNNING: ServiceStatus
SERVICE_UNKNOWN: ServiceStatus
ALWAYS: ImageDownloadMode
MISSING: ImageDownloadMode
NO_INSTRUCTIONS_CACHING: KurtosisFeatureFlag
CONNECT: Connect
NO_CONNECT: Connect
NEVER: RestartPolicy
RESTART_ALWAYS: RestartPolicy

class Port(_message.Message):
    __slots__ = ("number", "transport_protocol", "maybe_application_protocol", "maybe_wait_timeout")
    class TransportProtocol(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TCP: _ClassVar[Port.TransportProtocol]
        SCTP: _ClassVar[Port.TransportProtocol]
        UDP: _ClassVar[Port.TransportProtocol]
    TCP: Port.TransportProtocol
    SCTP: Port.TransportProtocol
    UDP: Port.TransportProtocol
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRANSPORT_PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    MAYBE_APPLICATION_PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    MAYBE_WAIT_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    number: int
    transport_protocol: Port.TransportProtocol
    maybe_application_protocol: str
    maybe_wait_timeout: str
    def __init__(self, number: _Optional[int] = ..., transport_protocol: _Optional[_Union[Port.TransportProtocol, str]] = ..., maybe_application_protocol: _Optional[str] = ..., maybe_wait_timeout: _Optional[str] = ...) -> None: ...

class Container(_message.Message):
    __slots__ = ("status", "image_name")
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STOPPED: _ClassVar[Container.Status]
        RUNNING: _ClassVar[Container.Status]
        UNKNOWN: _ClassVar[Container.Status]
    STOPPED: Container.Status
    RUNNING: Container.Status
    UNKNOWN: Container.Status
    STATUS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_NAME_FIELD_NUMBER: _ClassVar[int]
    status: Container.Status
    image_name: str
    def __init__(self, status: _Optional[_Union[Container.Status, str]] = ..., image_name: _Optional[str] = ...) -> None: ...

class ServiceInfo(_message.Message):
    __slots__ = ("service_uuid", "private_ip_addr", "private_ports", "maybe_public_ip_addr", "maybe_public_ports", "name", "shortened_uuid", "service_status", "container")
    class PrivatePortsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Port
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Port, _Mapping]] = ...) -> None: ...
    class MaybePublicPortsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Port
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Port, _Mapping]] = ...) -> None: ...
    SERVICE_UUID_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_IP_ADDR_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_PORTS_FIELD_NUMBER: _ClassVar[int]
    MAYBE_PUBLIC_IP_ADDR_FIELD_NUMBER: _ClassVar[int]
    MAYBE_PUBLIC_PORTS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHORTENED_UUID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_STATUS_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    service_uuid: str
    private_ip_addr: str
    private_ports: _containers.MessageMap[str, Port]
    maybe_public_ip_addr: str
    maybe_public_ports: _containers.MessageMap[str, Port]
    name: str
    shortened_uuid: str
    service_status: ServiceStatus
    container: Container
    def __init__(self, service_uuid: _Optional[str] = ..., private_ip_addr: _Optional[str] = ..., private_ports: _Optional[_Mapping[str, Port]] = ..., maybe_public_ip_addr: _Optional[str] = ..., maybe_public_ports: _Optional[_Mapping[str, Port]] = ..., name: _Optional[str] = ..., shortened_uuid: _Optional[str] = ..., service_status: _Optional[_Union[ServiceStatus, str]] = ..., container: _Optional[_Union[Container, _Mapping]] = ...) -> None: ...

class GetServicesArgs(_message.Message):
    __slots__ = ("service_identifiers",)
    class ServiceIdentifiersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bool
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bool] = ...) -> None: ...
    SERVICE_IDENTIFIERS_FIELD_NUMBER: _ClassVar[int]
    service_identifiers: _containers.ScalarMap[str, bool]
    def __init__(self, service_identifiers: _Optional[_Mapping[str, bool]] = ...) -> None: ...

class GetServicesResponse(_message.Message):
    __slots__ = ("service_info",)
    class ServiceInfoEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ServiceInfo
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ServiceInfo, _Mapping]] = ...) -> None: ...
    SERVICE_INFO_FIELD_NUMBER: _ClassVar[int]
    service_info: _containers.MessageMap[str, ServiceInfo]
    def __init__(self, service_info: _Optional[_Mapping[str, ServiceInfo]] = ...) -> None: ...

class ServiceIdentifiers(_message.Message):
    __slots__ = ("service_uuid", "name", "shortened_uuid")
    SERVICE_UUID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHORTENED_UUID_FIELD_NUMBER: _ClassVar[int]
    service_uuid: str
    name: str
    shortened_uuid: str
    def __init__(self, service_uuid: _Optional[str] = ..., name: _Optional[str] = ..., shortened_uuid: _Optional[str] = ...) -> None: ...

class GetExistingAndHistoricalServiceIdentifiersResponse(_message.Message):
    __slots__ = ("all_identifiers",)
    ALL_IDENTIFIERS_FIELD_NUMBER: _ClassVar[int]
    all_identifiers: _containers.RepeatedCompositeFieldContainer[ServiceIdentifiers]
    def __init__(self, all_identifiers: _Optional[_Iterable[_Union[ServiceIdentifiers, _Mapping]]] = ...) -> None: ...

class ExecCommandArgs(_message.Message):
    __slots__ = ("service_identifier", "command_args")
    SERVICE_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ARGS_FIELD_NUMBER: _ClassVar[int]
    service_identifier: str
    command_args: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, service_identifier: _Optional[str] = ..., command_args: _Optional[_Iterable[str]] = ...) -> None: ...

class ExecCommandResponse(_message.Message):
    __slots__ = ("exit_code", "log_output")
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    LOG_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    exit_code: int
    log_output: str
    def __init__(self, exit_code: _Optional[int] = ..., log_output: _Optional[str] = ...) -> None: ...

class RunStarlarkScriptArgs(_message.Message):
    __slots__ = ("serialized_script", "serialized_params", "dry_run", "parallelism", "main_function_name", "experimental_features", "image_download_mode")
    SERIALIZED_SCRIPT_FIELD_NUMBER: _ClassVar[int]
    SERIALIZED_PARAMS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    MAIN_FUNCTION_NAME_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENTAL_FEATURES_FIELD_NUMBER: _ClassVar[int]
    IMAGE_DOWNLOAD_MODE_FIELD_NUMBER: _ClassVar[int]
    serialized_script: str
    serialized_params: str
    dry_run: bool
    parallelism: int
    main_function_name: str
    experimental_features: _containers.RepeatedScalarFieldContainer[KurtosisFeatureFlag]
    image_download_mode: ImageDownloadMode
    def __init__(self, serialized_script: _Optional[str] = ..., serialized_params: _Optional[str] = ..., dry_run: _Optional[bool] = ..., parallelism: _Optional[int] = ..., main_function_name: _Optional[str] = ..., experimental_features: _Optional[_Iterable[_Union[KurtosisFeatureFlag, str]]] = ..., image_download_mode: _Optional[_Union[ImageDownloadMode, str]] = ...) -> None: ...

class RunStarlarkPackageArgs(_message.Message):
    __slots__ = ("package_id", "serialized_params", "dry_run", "parallelism", "clone_package", "relative_path_to_main_file", "main_function_name", "experimental_features", "image_download_mode")
    PACKAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SERIALIZED_PARAMS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    CLONE_PACKAGE_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_PATH_TO_MAIN_FILE_FIELD_NUMBER: _ClassVar[int]
    MAIN_FUNCTION_NAME_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENTAL_FEATURES_FIELD_NUMBER: _ClassVar[int]
    IMAGE_DOWNLOAD_MODE_FIELD_NUMBER: _ClassVar[int]
    package_id: str
    serialized_params: str
    dry_run: bool
    parallelism: int
    clone_package: bool
    relative_path_to_main_file: str
    main_function_name: str
    experimental_features: _containers.RepeatedScalarFieldContainer[KurtosisFeatureFlag]
    image_download_mode: ImageDownloadMode
    def __init__(self, package_id: _Optional[str] = ..., serialized_params: _Optional[str] = ..., dry_run: _Optional[bool] = ..., parallelism: _Optional[int] = ..., clone_package: _Optional[bool] = ..., relative_path_to_main_file: _Optional[str] = ..., main_function_name: _Optional[str] = ..., experimental_features: _Optional[_Iterable[_Union[KurtosisFeatureFlag, str]]] = ..., image_download_mode: _Optional[_Union[ImageDownloadMode, str]] = ...) -> None: ...

class StarlarkRunResponseLine(_message.Message):
    __slots__ = ("instruction", "error", "progress_info", "instruction_result", "run_finished_event", "warning", "info")
    INSTRUCTION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_INFO_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTION_RESULT_FIELD_NUMBER: _ClassVar[int]
    RUN_FINISHED_EVENT_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    instruction: StarlarkInstruction
    error: StarlarkError
    progress_info: StarlarkRunProgress
    instruction_result: StarlarkInstructionResult
    run_finished_event: StarlarkRunFinishedEvent
    warning: StarlarkWarning
    info: StarlarkInfo
    def __init__(self, instruction: _Optional[_Union[StarlarkInstruction, _Mapping]] = ..., error: _Optional[_Union[StarlarkError, _Mapping]] = ..., progress_info: _Optional[_Union[StarlarkRunProgress, _Mapping]] = ..., instruction_result: _Optional[_Union[StarlarkInstructionResult, _Mapping]] = ..., run_finished_event: _Optional[_Union[StarlarkRunFinishedEvent, _Mapping]] = ..., warning: _Optional[_Union[StarlarkWarning, _Mapping]] = ..., info: _Optional[_Union[StarlarkInfo, _Mapping]] = ...) -> None: ...

class StarlarkInstructionPosition(_message.Message):
    __slots__ = ("filename", "line", "column")
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    filename: str
    line: int
    column: int
    def __init__(self, filename: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ...) -> None: ...

class StarlarkInstructionArg(_message.Message):
    __slots__ = ("serialized_arg_value", "arg_name", "is_representative")
    SERIALIZED_ARG_VALUE_FIELD_NUMBER: _ClassVar[int]
    ARG_NAME_FIELD_NUMBER: _ClassVar[int]
    IS_REPRESENTATIVE_FIELD_NUMBER: _ClassVar[int]
    serialized_arg_value: str
    arg_name: str
    is_representative: bool
    def __init__(self, serialized_arg_value: _Optional[str] = ..., arg_name: _Optional[str] = ..., is_representative: _Optional[bool] = ...) -> None: ...

class StarlarkInstruction(_message.Message):
    __slots__ = ("position", "instruction_name", "arguments", "executable_instruction", "is_skipped", "description")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTION_NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    EXECUTABLE_INSTRUCTION_FIELD_NUMBER: _ClassVar[int]
    IS_SKIPPED_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    position: StarlarkInstructionPosition
    instruction_name: str
    arguments: _containers.RepeatedCompositeFieldContainer[StarlarkInstructionArg]
    executable_instruction: str
    is_skipped: bool
    description: str
    def __init__(self, position: _Optional[_Union[StarlarkInstructionPosition, _Mapping]] = ..., instruction_name: _Optional[str] = ..., arguments: _Optional[_Iterable[_Union[StarlarkInstructionArg, _Mapping]]] = ..., executable_instruction: _Optional[str] = ..., is_skipped: _Optional[bool] = ..., description: _Optional[str] = ...) -> None: ...

class StarlarkInstructionResult(_message.Message):
    __slots__ = ("serialized_instruction_result", "execution_duration")
    SERIALIZED_INSTRUCTION_RESULT_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_DURATION_FIELD_NUMBER: _ClassVar[int]
    serialized_instruction_result: str
    execution_duration: _duration_pb2.Duration
    def __init__(self, serialized_instruction_result: _Optional[str] = ..., execution_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StarlarkError(_message.Message):
    __slots__ = ("interpretation_error", "validation_error", "execution_error")
    INTERPRETATION_ERROR_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_ERROR_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ERROR_FIELD_NUMBER: _ClassVar[int]
    interpretation_error: StarlarkInterpretationError
    validation_error: StarlarkValidationError
    execution_error: StarlarkExecutionError
    def __init__(self, interpretation_error: _Optional[_Union[StarlarkInterpretationError, _Mapping]] = ..., validation_error: _Optional[_Union[StarlarkValidationError, _Mapping]] = ..., execution_error: _Optional[_Union[StarlarkExecutionError, _Mapping]] = ...) -> None: ...

class StarlarkInterpretationError(_message.Message):
    __slots__ = ("error_message",)
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    error_message: str
    def __init__(self, error_message: _Optional[str] = ...) -> None: ...

class StarlarkValidationError(_message.Message):
    __slots__ = ("error_message",)
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    error_message: str
    def __init__(self, error_message: _Optional[str] = ...) -> None: ...

class StarlarkExecutionError(_message.Message):
    __slots__ = ("error_message",)
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    error_message: str
    def __init__(self, error_message: _Optional[str] = ...) -> None: ...

class StarlarkRunProgress(_message.Message):
    __slots__ = ("current_step_info", "total_steps", "current_step_number")
    CURRENT_STEP_INFO_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    CURRENT_STEP_NUMBER_FIELD_NUMBER: _ClassVar[int]
    current_step_info: _containers.RepeatedScalarFieldContainer[str]
    total_steps: int
    current_step_number: int
    def __init__(self, current_step_info: _Optional[_Iterable[str]] = ..., total_steps: _Optional[int] = ..., current_step_number: _Optional[int] = ...) -> None: ...

class StarlarkRunFinishedEvent(_message.Message):
    __slots__ = ("is_run_successful", "serialized_output", "total_execution_duration")
    IS_RUN_SUCCESSFUL_FIELD_NUMBER: _ClassVar[int]
    SERIALIZED_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_EXECUTION_DURATION_FIELD_NUMBER: _ClassVar[int]
    is_run_successful: bool
    serialized_output: str
    total_execution_duration: _duration_pb2.Duration
    def __init__(self, is_run_successful: _Optional[bool] = ..., serialized_output: _Optional[str] = ..., total_execution_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StarlarkWarning(_message.Message):
    __slots__ = ("warning_message",)
    WARNING_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    warning_message: str
    def __init__(self, warning_message: _Optional[str] = ...) -> None: ...

class StarlarkInfo(_message.Message):
    __slots__ = ("info_message",)
    INFO_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    info_message: str
    def __init__(self, info_message: _Optional[str] = ...) -> None: ...

class StreamedDataChunk(_message.Message):
    __slots__ = ("data", "previous_chunk_hash", "metadata")
    DATA_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_CHUNK_HASH_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    previous_chunk_hash: str
    metadata: DataChunkMetadata
    def __init__(self, data: _Optional[bytes] = ..., previous_chunk_hash: _Optional[str] = ..., metadata: _Optional[_Union[DataChunkMetadata, _Mapping]] = ...) -> None: ...

class DataChunkMetadata(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class UploadFilesArtifactResponse(_message.Message):
    __slots__ = ("uuid", "name")
    UUID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    name: str
    def __init__(self, uuid: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class DownloadFilesArtifactArgs(_message.Message):
    __slots__ = ("identifier",)
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    identifier: str
    def __init__(self, identifier: _Optional[str] = ...) -> None: ...

class StoreWebFilesArtifactArgs(_message.Message):
    __slots__ = ("url", "name")
    URL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    url: str
    name: str
    def __init__(self, url: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class StoreWebFilesArtifactResponse(_message.Message):
    __slots__ = ("uuid",)
    UUID_FIELD_NUMBER: _ClassVar[int]
    uuid: str
    def __init__(self, uuid: _Optional[str] = ...) -> None: ...

class FilesArtifactNameAndUuid(_message.Message):
    __slots__ = ("file_name", "file_uuid")
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    FILE_UUID_FIELD_NUMBER: _ClassVar[int]
    file_name: str
    file_uuid: str
    def __init__(self, file_name: _Optional[str] = ..., file_uuid: _Optional[str] = ...) -> None: ...

class ListFilesArtifactNamesAndUuidsResponse(_message.Message):
    __slots__ = ("file_names_and_uuids",)
    FILE_NAMES_AND_UUIDS_FIELD_NUMBER: _ClassVar[int]
    file_names_and_uuids: _containers.RepeatedCompositeFieldContainer[FilesArtifactNameAndUuid]
    def __init__(self, file_names_and_uuids: _Optional[_Iterable[_Union[FilesArtifactNameAndUuid, _Mapping]]] = ...) -> None: ...

class InspectFilesArtifactContentsRequest(_message.Message):
    __slots__ = ("file_names_and_uuid",)
    FILE_NAMES_AND_UUID_FIELD_NUMBER: _ClassVar[int]
    file_names_and_uuid: FilesArtifactNameAndUuid
    def __init__(self, file_names_and_uuid: _Optional[_Union[FilesArtifactNameAndUuid, _Mapping]] = ...) -> None: ...

class InspectFilesArtifactContentsResponse(_message.Message):
    __slots__ = ("file_descriptions",)
    FILE_DESCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    file_descriptions: _containers.RepeatedCompositeFieldContainer[FileArtifactContentsFileDescription]
    def __init__(self, file_descriptions: _Optional[_Iterable[_Union[FileArtifactContentsFileDescription, _Mapping]]] = ...) -> None: ...

class FileArtifactContentsFileDescription(_message.Message):
    __slots__ = ("path", "size", "text_preview")
    PATH_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    TEXT_PREVIEW_FIELD_NUMBER: _ClassVar[int]
    path: str
    size: int
    text_preview: str
    def __init__(self, path: _Optional[str] = ..., size: _Optional[int] = ..., text_preview: _Optional[str] = ...) -> None: ...

class ConnectServicesArgs(_message.Message):
    __slots__ = ("connect",)
    CONNECT_FIELD_NUMBER: _ClassVar[int]
    connect: Connect
    def __init__(self, connect: _Optional[_Union[Connect, str]] = ...) -> None: ...

class ConnectServicesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStarlarkRunResponse(_message.Message):
    __slots__ = ("package_id", "serialized_script", "serialized_params", "parallelism", "relative_path_to_main_file", "main_function_name", "experimental_features", "restart_policy", "initial_serialized_params")
    PACKAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SERIALIZED_SCRIPT_FIELD_NUMBER: _ClassVar[int]
    SERIALIZED_PARAMS_FIELD_NUMBER: _ClassVar[int]
    PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_PATH_TO_MAIN_FILE_FIELD_NUMBER: _ClassVar[int]
    MAIN_FUNCTION_NAME_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENTAL_FEATURES_FIELD_NUMBER: _ClassVar[int]
    RESTART_POLICY_FIELD_NUMBER: _ClassVar[int]
    INITIAL_SERIALIZED_PARAMS_FIELD_NUMBER: _ClassVar[int]
    package_id: str
    serialized_script: str
    serialized_params: str
    parallelism: int
    relative_path_to_main_file: str
    main_function_name: str
    experimental_features: _containers.RepeatedScalarFieldContainer[KurtosisFeatureFlag]
    restart_policy: RestartPolicy
    initial_serialized_params: str
    def __init__(self, package_id: _Optional[str] = ..., serialized_script: _Optional[str] = ..., serialized_params: _Optional[str] = ..., parallelism: _Optional[int] = ..., relative_path_to_main_file: _Optional[str] = ..., main_function_name: _Optional[str] = ..., experimental_features: _Optional[_Iterable[_Union[KurtosisFeatureFlag, str]]] = ..., restart_policy: _Optional[_Union[RestartPolicy, str]] = ..., initial_serialized_params: _Optional[str] = ...) -> None: ...
