import datetime

from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EnclaveMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TEST: _ClassVar[EnclaveMode]
    PRODUCTION: _ClassVar[EnclaveMode]

class EnclaveContainersStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENCLAVE_EMPTY: _ClassVar[EnclaveContainersStatus]
    ENCLAVE_RUNNING: _ClassVar[EnclaveContainersStatus]
    ENCLAVE_STOPPED: _ClassVar[EnclaveContainersStatus]

class EnclaveAPIContainerStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    API_CONTAINER_NONEXISTENT: _ClassVar[EnclaveAPIContainerStatus]
    API_CONTAINER_RUNNING: _ClassVar[EnclaveAPIContainerStatus]
    API_CONTAINER_STOPPED: _ClassVar[EnclaveAPIContainerStatus]

class LogLineOperator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOES_CONTAIN_TEXT: _ClassVar[LogLineOperator]
    DOES_NOT_CONTAIN_TEXT: _ClassVar[LogLineOperator]
    DOES_CONTAIN_MATCH_REGEX: _ClassVar[LogLineOperator]
    DOES_NOT_CONTAIN_MATCH_REGEX: _ClassVar[LogLineOperator]
TEST: EnclaveMode
PRODUCTION: EnclaveMode
ENCLAVE_EMPTY: EnclaveContainersStatus
ENCLAVE_RUNNING: EnclaveContainersStatus
ENCLAVE_STOPPED: EnclaveContainersStatus
API_CONTAINER_NONEXISTENT: EnclaveAPIContainerStatus
API_CONTAINER_RUNNING: EnclaveAPIContainerStatus
API_CONTAINER_STOPPED: EnclaveAPIContainerStatus
DOES_CONTAIN_TEXT: LogLineOperator
DOES_NOT_CONTAIN_TEXT: LogLineOperator
DOES_CONTAIN_MATCH_REGEX: LogLineOperator
DOES_NOT_CONTAIN_MATCH_REGEX: LogLineOperator

class GetEngineInfoResponse(_message.Message):
    __slots__ = ("engine_version",)
    ENGINE_VERSION_FIELD_NUMBER: _ClassVar[int]
    engine_version: str
    def __init__(self, engine_version: _Optional[str] = ...) -> None: ...

class CreateEnclaveArgs(_message.Message):
    __slots__ = ("enclave_name", "api_container_version_tag", "api_container_log_level", "mode")
    ENCLAVE_NAME_FIELD_NUMBER: _ClassVar[int]
    API_CONTAINER_VERSION_TAG_FIELD_NUMBER: _ClassVar[int]
    API_CONTAINER_LOG_LEVEL_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    enclave_name: str
    api_container_version_tag: str
    api_container_log_level: str
    mode: EnclaveMode
    def __init__(self, enclave_name: _Optional[str] = ..., api_container_version_tag: _Optional[str] = ..., api_container_log_level: _Optional[str] = ..., mode: _Optional[_Union[EnclaveMode, str]] = ...) -> None: ...

class CreateEnclaveResponse(_message.Message):
    __slots__ = ("enclave_info",)
    ENCLAVE_INFO_FIELD_NUMBER: _ClassVar[int]
    enclave_info: EnclaveInfo
    def __init__(self, enclave_info: _Optional[_Union[EnclaveInfo, _Mapping]] = ...) -> None: ...

class EnclaveAPIContainerHostMachineInfo(_message.Message):
    __slots__ = ("ip_on_host_machine", "grpc_port_on_host_machine")
    IP_ON_HOST_MACHINE_FIELD_NUMBER: _ClassVar[int]
    GRPC_PORT_ON_HOST_MACHINE_FIELD_NUMBER: _ClassVar[int]
    ip_on_host_machine: str
    grpc_port_on_host_machine: int
    def __init__(self, ip_on_host_machine: _Optional[str] = ..., grpc_port_on_host_machine: _Optional[int] = ...) -> None: ...

class EnclaveInfo(_message.Message):
    __slots__ = ("enclave_uuid", "name", "shortened_uuid", "containers_status", "api_container_status", "api_container_host_machine_info", "creation_time", "mode")
    ENCLAVE_UUID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHORTENED_UUID_FIELD_NUMBER: _ClassVar[int]
    CONTAINERS_STATUS_FIELD_NUMBER: _ClassVar[int]
    API_CONTAINER_STATUS_FIELD_NUMBER: _ClassVar[int]
    API_CONTAINER_HOST_MACHINE_INFO_FIELD_NUMBER: _ClassVar[int]
    CREATION_TIME_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    enclave_uuid: str
    name: str
    shortened_uuid: str
    containers_status: EnclaveContainersStatus
    api_container_status: EnclaveAPIContainerStatus
    api_container_host_machine_info: EnclaveAPIContainerHostMachineInfo
    creation_time: _timestamp_pb2.Timestamp
    mode: EnclaveMode
    def __init__(self, enclave_uuid: _Optional[str] = ..., name: _Optional[str] = ..., shortened_uuid: _Optional[str] = ..., containers_status: _Optional[_Union[EnclaveContainersStatus, str]] = ..., api_container_status: _Optional[_Union[EnclaveAPIContainerStatus, str]] = ..., api_container_host_machine_info: _Optional[_Union[EnclaveAPIContainerHostMachineInfo, _Mapping]] = ..., creation_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., mode: _Optional[_Union[EnclaveMode, str]] = ...) -> None: ...

class GetEnclavesByUuidsArgs(_message.Message):
    __slots__ = ("enclave_uuids",)
    ENCLAVE_UUIDS_FIELD_NUMBER: _ClassVar[int]
    enclave_uuids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, enclave_uuids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetEnclavesResponse(_message.Message):
    __slots__ = ("enclave_info",)
    class EnclaveInfoEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: EnclaveInfo
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[EnclaveInfo, _Mapping]] = ...) -> None: ...
    ENCLAVE_INFO_FIELD_NUMBER: _ClassVar[int]
    enclave_info: _containers.MessageMap[str, EnclaveInfo]
    def __init__(self, enclave_info: _Optional[_Mapping[str, EnclaveInfo]] = ...) -> None: ...

class EnclaveIdentifiers(_message.Message):
    __slots__ = ("enclave_uuid", "name", "shortened_uuid")
    ENCLAVE_UUID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHORTENED_UUID_FIELD_NUMBER: _ClassVar[int]
    enclave_uuid: str
    name: str
    shortened_uuid: str
    def __init__(self, enclave_uuid: _Optional[str] = ..., name: _Optional[str] = ..., shortened_uuid: _Optional[str] = ...) -> None: ...

class GetExistingAndHistoricalEnclaveIdentifiersResponse(_message.Message):
    __slots__ = ("all_identifiers",)
    ALL_IDENTIFIERS_FIELD_NUMBER: _ClassVar[int]
    all_identifiers: _containers.RepeatedCompositeFieldContainer[EnclaveIdentifiers]
    def __init__(self, all_identifiers: _Optional[_Iterable[_Union[EnclaveIdentifiers, _Mapping]]] = ...) -> None: ...

class StopEnclaveArgs(_message.Message):
    __slots__ = ("enclave_identifier",)
    ENCLAVE_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    enclave_identifier: str
    def __init__(self, enclave_identifier: _Optional[str] = ...) -> None: ...

class DestroyEnclaveArgs(_message.Message):
    __slots__ = ("enclave_identifier",)
    ENCLAVE_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    enclave_identifier: str
    def __init__(self, enclave_identifier: _Optional[str] = ...) -> None: ...

class CleanArgs(_message.Message):
    __slots__ = ("should_clean_all",)
    SHOULD_CLEAN_ALL_FIELD_NUMBER: _ClassVar[int]
    should_clean_all: bool
    def __init__(self, should_clean_all: _Optional[bool] = ...) -> None: ...

class EnclaveNameAndUuid(_message.Message):
    __slots__ = ("name", "uuid")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UUID_FIELD_NUMBER: _ClassVar[int]
    name: str
    uuid: str
    def __init__(self, name: _Optional[str] = ..., uuid: _Optional[str] = ...) -> None: ...

class CleanResponse(_message.Message):
    __slots__ = ("removed_enclave_name_and_uuids",)
    REMOVED_ENCLAVE_NAME_AND_UUIDS_FIELD_NUMBER: _ClassVar[int]
    removed_enclave_name_and_uuids: _containers.RepeatedCompositeFieldContainer[EnclaveNameAndUuid]
    def __init__(self, removed_enclave_name_and_uuids: _Optional[_Iterable[_Union[EnclaveNameAndUuid, _Mapping]]] = ...) -> None: ...

class GetServiceLogsArgs(_message.Message):
    __slots__ = ("enclave_identifier", "service_uuid_set", "follow_logs", "conjunctive_filters", "return_all_logs", "num_log_lines")
    class ServiceUuidSetEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bool
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bool] = ...) -> None: ...
    ENCLAVE_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    SERVICE_UUID_SET_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_LOGS_FIELD_NUMBER: _ClassVar[int]
    CONJUNCTIVE_FILTERS_FIELD_NUMBER: _ClassVar[int]
    RETURN_ALL_LOGS_FIELD_NUMBER: _ClassVar[int]
    NUM_LOG_LINES_FIELD_NUMBER: _ClassVar[int]
    enclave_identifier: str
    service_uuid_set: _containers.ScalarMap[str, bool]
    follow_logs: bool
    conjunctive_filters: _containers.RepeatedCompositeFieldContainer[LogLineFilter]
    return_all_logs: bool
    num_log_lines: int
    def __init__(self, enclave_identifier: _Optional[str] = ..., service_uuid_set: _Optional[_Mapping[str, bool]] = ..., follow_logs: _Optional[bool] = ..., conjunctive_filters: _Optional[_Iterable[_Union[LogLineFilter, _Mapping]]] = ..., return_all_logs: _Optional[bool] = ..., num_log_lines: _Optional[int] = ...) -> None: ...

class GetServiceLogsResponse(_message.Message):
    __slots__ = ("service_logs_by_service_uuid", "not_found_service_uuid_set")
    class ServiceLogsByServiceUuidEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: LogLine
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[LogLine, _Mapping]] = ...) -> None: ...
    class NotFoundServiceUuidSetEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bool
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bool] = ...) -> None: ...
    SERVICE_LOGS_BY_SERVICE_UUID_FIELD_NUMBER: _ClassVar[int]
    NOT_FOUND_SERVICE_UUID_SET_FIELD_NUMBER: _ClassVar[int]
    service_logs_by_service_uuid: _containers.MessageMap[str, LogLine]
    not_found_service_uuid_set: _containers.ScalarMap[str, bool]
    def __init__(self, service_logs_by_service_uuid: _Optional[_Mapping[str, LogLine]] = ..., not_found_service_uuid_set: _Optional[_Mapping[str, bool]] = ...) -> None: ...

class LogLine(_message.Message):
    __slots__ = ("line", "timestamp")
    LINE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    line: _containers.RepeatedScalarFieldContainer[str]
    timestamp: _timestamp_pb2.Timestamp
    def __init__(self, line: _Optional[_Iterable[str]] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LogLineFilter(_message.Message):
    __slots__ = ("operator", "text_pattern")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    TEXT_PATTERN_FIELD_NUMBER: _ClassVar[int]
    operator: LogLineOperator
    text_pattern: str
    def __init__(self, operator: _Optional[_Union[LogLineOperator, str]] = ..., text_pattern: _Optional[str] = ...) -> None: ...
