/* nullvm.h: run Proxy-Wasm plugins that nullvmc compiled.
 *
 * Generated from runtime-shim/src by cbindgen; do not edit.
 *
 * - Functions answer a nullvm_result_t, unless they cannot fail. Outputs are written on NULLVM_RESULT_OK only.
 * - What _new or _load made, _free ends; _free of NULL does nothing.
 * - An instance is used by one thread at a time; plugins and interrupt handles by any number of them.
 * - Functions of nullvm_host_t answer a nullvm_status_t as a number. The first argument is the host pointer given to
 *   nullvm_instance_new. Slices passed in are valid during the call; slices handed out belong to the host and stay valid
 *   until the next call into the table, other than log, time, monotonic_time and capability_error. Out-parameters are
 *   written on success only. A function may call back into the same instance. A NULL function is answered with NULLVM_STATUS_UNIMPLEMENTED.
 */

#ifndef NULLVM_H
#define NULLVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* Version of the interface between plugins and the runtime. */
#define NULLVM_ABI_VERSION 2

typedef struct nullvm_plugin_descriptor_t nullvm_plugin_descriptor_t;
typedef struct nullvm_plugin_t nullvm_plugin_t;
typedef struct nullvm_instance_t nullvm_instance_t;
typedef struct nullvm_interrupt_handle_t nullvm_interrupt_handle_t;

/* What an object of nullvmc defines for a plugin. */
#define NULLVM_DECLARE_PLUGIN(name) extern const nullvm_plugin_descriptor_t nullvm_plugin_##name

/* A value of the guest: 16 bytes, little-endian, of which a type uses the first ones. */
typedef struct {
#ifdef __cplusplus
  alignas(16)
#else
  _Alignas(16)
#endif
  uint8_t bytes[16];
} nullvm_value_t;

/* Why a guest stopped. */
typedef enum {
  /* unreachable */
  NULLVM_TRAP_UNREACHABLE = 1,
  /* out of bounds memory access */
  NULLVM_TRAP_MEMORY_OUT_OF_BOUNDS = 2,
  /* undefined element: out of bounds table access */
  NULLVM_TRAP_TABLE_OUT_OF_BOUNDS = 3,
  /* uninitialized element */
  NULLVM_TRAP_INDIRECT_CALL_TO_NULL = 4,
  /* indirect call type mismatch */
  NULLVM_TRAP_BAD_SIGNATURE = 5,
  /* integer divide by zero */
  NULLVM_TRAP_INTEGER_DIVISION_BY_ZERO = 6,
  /* integer overflow */
  NULLVM_TRAP_INTEGER_OVERFLOW = 7,
  /* invalid conversion to integer */
  NULLVM_TRAP_BAD_CONVERSION_TO_INTEGER = 8,
  /* call stack exhausted */
  NULLVM_TRAP_STACK_OVERFLOW = 9,
  /* interrupted */
  NULLVM_TRAP_INTERRUPT = 10,
  /* null reference */
  NULLVM_TRAP_NULL_REFERENCE = 11,
  /* call of an unresolved import */
  NULLVM_TRAP_UNRESOLVED_IMPORT = 12,
  /* restricted_callback */
  NULLVM_TRAP_RESTRICTED_CALLBACK = 13,
  /* host trap */
  NULLVM_TRAP_HOST = 14,
} nullvm_trap_t;

/* What a host may call. */
typedef enum {
  /* void _initialize() */
  NULLVM_CALLBACK_INITIALIZE = 0,
  /* void _start() */
  NULLVM_CALLBACK_START = 1,
  /* uint32_t main(uint32_t, uint32_t) */
  NULLVM_CALLBACK_MAIN = 2,
  /* uint32_t __main_void() */
  NULLVM_CALLBACK_MAIN_VOID = 3,
  /* uint32_t malloc(uint32_t) */
  NULLVM_CALLBACK_MALLOC = 4,
  /* uint32_t proxy_on_memory_allocate(uint32_t) */
  NULLVM_CALLBACK_ON_MEMORY_ALLOCATE = 5,
  /* uint32_t proxy_validate_configuration(uint32_t, uint32_t) */
  NULLVM_CALLBACK_VALIDATE_CONFIGURATION = 6,
  /* uint32_t proxy_on_vm_start(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_VM_START = 7,
  /* uint32_t proxy_on_configure(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_CONFIGURE = 8,
  /* void proxy_on_tick(uint32_t) */
  NULLVM_CALLBACK_ON_TICK = 9,
  /* void proxy_on_context_create(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_CONTEXT_CREATE = 10,
  /* uint32_t proxy_on_new_connection(uint32_t) */
  NULLVM_CALLBACK_ON_NEW_CONNECTION = 11,
  /* uint32_t proxy_on_downstream_data(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_DOWNSTREAM_DATA = 12,
  /* uint32_t proxy_on_upstream_data(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_UPSTREAM_DATA = 13,
  /* void proxy_on_downstream_connection_close(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_DOWNSTREAM_CONNECTION_CLOSE = 14,
  /* void proxy_on_upstream_connection_close(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_UPSTREAM_CONNECTION_CLOSE = 15,
  /* uint32_t proxy_on_request_headers(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_REQUEST_HEADERS = 16,
  /* uint32_t proxy_on_request_body(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_REQUEST_BODY = 17,
  /* uint32_t proxy_on_request_trailers(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_REQUEST_TRAILERS = 18,
  /* uint32_t proxy_on_request_metadata(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_REQUEST_METADATA = 19,
  /* uint32_t proxy_on_response_headers(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_RESPONSE_HEADERS = 20,
  /* uint32_t proxy_on_response_body(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_RESPONSE_BODY = 21,
  /* uint32_t proxy_on_response_trailers(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_RESPONSE_TRAILERS = 22,
  /* uint32_t proxy_on_response_metadata(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_RESPONSE_METADATA = 23,
  /* void proxy_on_http_call_response(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_HTTP_CALL_RESPONSE = 24,
  /* void proxy_on_grpc_receive(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_GRPC_RECEIVE = 25,
  /* void proxy_on_grpc_close(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_GRPC_CLOSE = 26,
  /* void proxy_on_grpc_receive_initial_metadata(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_GRPC_RECEIVE_INITIAL_METADATA = 27,
  /* void proxy_on_grpc_receive_trailing_metadata(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_GRPC_RECEIVE_TRAILING_METADATA = 28,
  /* void proxy_on_queue_ready(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_QUEUE_READY = 29,
  /* uint32_t proxy_on_done(uint32_t) */
  NULLVM_CALLBACK_ON_DONE = 30,
  /* void proxy_on_log(uint32_t) */
  NULLVM_CALLBACK_ON_LOG = 31,
  /* void proxy_on_delete(uint32_t) */
  NULLVM_CALLBACK_ON_DELETE = 32,
  /* void proxy_on_foreign_function(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_FOREIGN_FUNCTION = 33,
  /* void proxy_on_redis_call_response(uint32_t, uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_REDIS_CALL_RESPONSE = 34,
  /* void envoy_on_stats_update(uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_STATS_UPDATE = 35,
  /* void envoy_on_resolve_dns(uint32_t, uint32_t, uint32_t) */
  NULLVM_CALLBACK_ON_RESOLVE_DNS = 36,
} nullvm_callback_t;

// What a function answers. Numbers are never reused.
typedef enum {
  // Success.
  NULLVM_RESULT_OK = 0,
  // A pointer is NULL that must not be.
  NULLVM_RESULT_NULL_ARGUMENT = 1,
  // An argument makes no sense.
  NULLVM_RESULT_BAD_ARGUMENT = 2,
  // The plugin was compiled for another version of the runtime.
  NULLVM_RESULT_VERSION_MISMATCH = 3,
  // The plugin or image is damaged, or for another machine.
  NULLVM_RESULT_BAD_PLUGIN = 4,
  // The code needs a CPU feature that this machine lacks.
  NULLVM_RESULT_CPU_FEATURE = 5,
  // The system has no memory or address space; the message says what to do.
  NULLVM_RESULT_NO_MEMORY = 6,
  // The plugin needs more than a limit allows from the start.
  NULLVM_RESULT_LIMIT = 7,
  // A deadline was asked for, but the code was not compiled with `--interruptible`.
  NULLVM_RESULT_NOT_INTERRUPTIBLE = 8,
  // The plugin trapped.
  NULLVM_RESULT_TRAP = 9,
  // The instance has failed before and cannot be used any more.
  NULLVM_RESULT_FAILED = 10,
  // The plugin does not export the function.
  NULLVM_RESULT_NOT_EXPORTED = 11,
  // The range lies outside of the linear memory, or the guest has no memory left.
  NULLVM_RESULT_OUT_OF_BOUNDS = 12,
  // The system refused something else.
  NULLVM_RESULT_SYSTEM = 13,
} nullvm_result_t;

// `proxy_status_t` of the Proxy-Wasm specification, as proxy-wasm-cpp-host numbers it.
enum nullvm_status_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Success.
  NULLVM_STATUS_OK = 0,
  // The thing asked for does not exist.
  NULLVM_STATUS_NOT_FOUND = 1,
  // An argument makes no sense here.
  NULLVM_STATUS_BAD_ARGUMENT = 2,
  // Something could not be serialized.
  NULLVM_STATUS_SERIALIZATION_FAILURE = 3,
  // Something could not be parsed.
  NULLVM_STATUS_PARSE_FAILURE = 4,
  // A bad expression.
  NULLVM_STATUS_BAD_EXPRESSION = 5,
  // A guest pointer or length outside of the linear memory, or an allocation that failed.
  NULLVM_STATUS_INVALID_MEMORY_ACCESS = 6,
  // Nothing to give.
  NULLVM_STATUS_EMPTY = 7,
  // Compare-and-swap failed.
  NULLVM_STATUS_CAS_MISMATCH = 8,
  // A result of an unexpected kind.
  NULLVM_STATUS_RESULT_MISMATCH = 9,
  // The host failed, or the capability is restricted.
  NULLVM_STATUS_INTERNAL_FAILURE = 10,
  // The connection is broken.
  NULLVM_STATUS_BROKEN_CONNECTION = 11,
  // The host does not offer it.
  NULLVM_STATUS_UNIMPLEMENTED = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nullvm_status_t nullvm_status_t;
#else
typedef uint32_t nullvm_status_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A run of bytes. `data` may be null when `len` is 0.
typedef struct {
  // First byte.
  const uint8_t *data;
  // Number of bytes.
  size_t len;
} nullvm_bytes_t;

// A key and a value.
typedef struct {
  // The key.
  nullvm_bytes_t key;
  // The value.
  nullvm_bytes_t value;
} nullvm_pair_t;

// A run of pairs.
typedef struct {
  // First pair; may be null when `len` is 0.
  const nullvm_pair_t *data;
  // Number of pairs.
  size_t len;
} nullvm_pairs_t;

// What `proxy_send_local_response` asks for.
typedef struct {
  // HTTP status.
  uint32_t code;
  // gRPC status, -1 for none.
  int32_t grpc_status;
  // Response code details.
  nullvm_bytes_t details;
  // The body.
  nullvm_bytes_t body;
  // Extra headers.
  nullvm_pairs_t headers;
} nullvm_local_response_t;

// What `proxy_http_call` asks for.
typedef struct {
  // Name of the upstream (cluster).
  nullvm_bytes_t upstream;
  // Request headers with the pseudo-headers.
  nullvm_pairs_t headers;
  // The body.
  nullvm_bytes_t body;
  // Request trailers.
  nullvm_pairs_t trailers;
  // Milliseconds.
  uint32_t timeout;
} nullvm_http_call_t;

// What `proxy_grpc_call` and `proxy_grpc_stream` ask for.
typedef struct {
  // Name of the upstream, or a serialized `GrpcService`.
  nullvm_bytes_t upstream;
  // Service.
  nullvm_bytes_t service;
  // Method.
  nullvm_bytes_t method;
  // Initial metadata.
  nullvm_pairs_t metadata;
  // The message of a unary call; empty for a stream.
  nullvm_bytes_t message;
  // Milliseconds; 0 for a stream.
  uint32_t timeout;
} nullvm_grpc_call_t;

// The functions of a host. `size` is `sizeof(nullvm_host_t)` of the header that the host was compiled with: functions
// behind it are taken as null.
typedef struct {
  // Bytes of this structure.
  size_t size;
  // A log line of the guest: level 0 trace to 5 critical (`proxy_log_level_t`).
  uint32_t (*log)(void *host, uint32_t level, nullvm_bytes_t message);
  // The level that is logged now.
  uint32_t (*get_log_level)(void *host, uint32_t *out);
  // Wall clock in nanoseconds since the epoch. Null: the shim reads the system's clock.
  uint32_t (*time)(void *host, uint64_t *out);
  // Monotonic clock in nanoseconds. Null: the shim reads the system's clock.
  uint32_t (*monotonic_time)(void *host, uint64_t *out);
  // The guest called a function whose capability is restricted; a line for the log.
  void (*capability_error)(void *host, nullvm_bytes_t message);
  // `proxy_get_status`: code and message of the last call that failed.
  uint32_t (*get_status)(void *host, uint32_t *code, nullvm_bytes_t *message);
  // `proxy_set_tick_period_milliseconds`; 0 stops the timer.
  uint32_t (*set_tick_period)(void *host, uint32_t period);
  // `proxy_get_configuration` of ABI 0.1.0.
  uint32_t (*get_configuration)(void *host, nullvm_bytes_t *out);
  // `proxy_continue_stream`; `proxy_continue_request` is type 0, `proxy_continue_response` type 1.
  uint32_t (*continue_stream)(void *host, uint32_t stream_type);
  // `proxy_close_stream`.
  uint32_t (*close_stream)(void *host, uint32_t stream_type);
  // `proxy_clear_route_cache` of ABI 0.1.0.
  uint32_t (*clear_route_cache)(void *host);
  // `proxy_send_local_response`.
  uint32_t (*send_local_response)(void *host, const nullvm_local_response_t *response);
  // `proxy_get_property`: `path` has its parts separated by NUL.
  uint32_t (*get_property)(void *host, nullvm_bytes_t path, nullvm_bytes_t *out);
  // `proxy_set_property`.
  uint32_t (*set_property)(void *host, nullvm_bytes_t path, nullvm_bytes_t value);
  // `proxy_get_header_map_value`. Missing: NULLVM_STATUS_NOT_FOUND; the shim turns that into an empty value for ABI 0.1.0.
  uint32_t (*get_header)(void *host, uint32_t map, nullvm_bytes_t key, nullvm_bytes_t *out);
  // `proxy_add_header_map_value`.
  uint32_t (*add_header)(void *host, uint32_t map, nullvm_bytes_t key, nullvm_bytes_t value);
  // `proxy_replace_header_map_value`.
  uint32_t (*replace_header)(void *host, uint32_t map, nullvm_bytes_t key, nullvm_bytes_t value);
  // `proxy_remove_header_map_value`.
  uint32_t (*remove_header)(void *host, uint32_t map, nullvm_bytes_t key);
  // `proxy_get_header_map_pairs`.
  uint32_t (*get_headers)(void *host, uint32_t map, nullvm_pairs_t *out);
  // `proxy_set_header_map_pairs`.
  uint32_t (*set_headers)(void *host, uint32_t map, nullvm_pairs_t pairs);
  // `proxy_get_header_map_size`: bytes of all keys and values.
  uint32_t (*get_headers_size)(void *host, uint32_t map, uint32_t *out);
  // Length in bytes and flags (`proxy_get_buffer_status`) of a buffer (`proxy_buffer_type_t`).
  uint32_t (*get_buffer_status)(void *host, uint32_t buffer, uint32_t *length, uint32_t *flags);
  // Copies `len` bytes of a buffer from `start` on to `out`, which has room for them; in range, as
  // `get_buffer_status` said just before.
  uint32_t (*read_buffer)(void *host, uint32_t buffer, uint32_t start, uint32_t len, uint8_t *out);
  // `proxy_set_buffer_bytes`.
  uint32_t (*set_buffer)(void *host,
                         uint32_t buffer,
                         uint32_t start,
                         uint32_t len,
                         nullvm_bytes_t data);
  // `proxy_http_call`; `token` identifies the call in `proxy_on_http_call_response`.
  uint32_t (*http_call)(void *host, const nullvm_http_call_t *call, uint32_t *token);
  // `proxy_grpc_call`.
  uint32_t (*grpc_call)(void *host, const nullvm_grpc_call_t *call, uint32_t *token);
  // `proxy_grpc_stream`.
  uint32_t (*grpc_stream)(void *host, const nullvm_grpc_call_t *call, uint32_t *token);
  // `proxy_grpc_send`.
  uint32_t (*grpc_send)(void *host, uint32_t token, nullvm_bytes_t message, uint32_t end_stream);
  // `proxy_grpc_close`.
  uint32_t (*grpc_close)(void *host, uint32_t token);
  // `proxy_grpc_cancel`.
  uint32_t (*grpc_cancel)(void *host, uint32_t token);
  // `proxy_get_shared_data`.
  uint32_t (*get_shared_data)(void *host, nullvm_bytes_t key, nullvm_bytes_t *out, uint32_t *cas);
  // `proxy_set_shared_data`; `cas` 0 sets unconditionally.
  uint32_t (*set_shared_data)(void *host, nullvm_bytes_t key, nullvm_bytes_t value, uint32_t cas);
  // `proxy_register_shared_queue`.
  uint32_t (*register_shared_queue)(void *host, nullvm_bytes_t name, uint32_t *token);
  // `proxy_resolve_shared_queue`.
  uint32_t (*resolve_shared_queue)(void *host,
                                   nullvm_bytes_t vm_id,
                                   nullvm_bytes_t name,
                                   uint32_t *token);
  // `proxy_enqueue_shared_queue`.
  uint32_t (*enqueue_shared_queue)(void *host, uint32_t token, nullvm_bytes_t data);
  // `proxy_dequeue_shared_queue`.
  uint32_t (*dequeue_shared_queue)(void *host, uint32_t token, nullvm_bytes_t *out);
  // `proxy_define_metric`: type 0 counter, 1 gauge, 2 histogram.
  uint32_t (*define_metric)(void *host, uint32_t metric_type, nullvm_bytes_t name, uint32_t *id);
  // `proxy_increment_metric`.
  uint32_t (*increment_metric)(void *host, uint32_t id, int64_t offset);
  // `proxy_record_metric`.
  uint32_t (*record_metric)(void *host, uint32_t id, uint64_t value);
  // `proxy_get_metric`.
  uint32_t (*get_metric)(void *host, uint32_t id, uint64_t *out);
  // `proxy_set_effective_context`.
  uint32_t (*set_effective_context)(void *host, uint32_t context_id);
  // `proxy_done`.
  uint32_t (*done)(void *host);
  // `proxy_call_foreign_function`.
  uint32_t (*call_foreign_function)(void *host,
                                    nullvm_bytes_t name,
                                    nullvm_bytes_t arguments,
                                    nullvm_bytes_t *out);
  // `proxy_redis_init` of Higress: timeout in milliseconds.
  uint32_t (*redis_init)(void *host,
                         nullvm_bytes_t upstream,
                         nullvm_bytes_t username,
                         nullvm_bytes_t password,
                         uint32_t timeout);
  // `proxy_redis_call` of Higress.
  uint32_t (*redis_call)(void *host, nullvm_bytes_t upstream, nullvm_bytes_t query, uint32_t *token);
  // `envoy_resolve_dns`.
  uint32_t (*resolve_dns)(void *host, nullvm_bytes_t name, uint32_t *token);
  // An import of a module without Proxy-Wasm checks: `values` holds the arguments, 16 bytes each, and receives the
  // results. 0 goes on, anything else is a trap (NULLVM_TRAP_HOST).
  uint32_t (*call_import)(void *host, uint32_t import, uint8_t *values);
} nullvm_host_t;

// What an instance may use. Zero the structure, set `size`, and every field that stays 0 has its default.
typedef struct {
  // `sizeof(nullvm_limits_t)` of the header that the host was compiled with.
  size_t size;
  // Bytes of linear memory; default 1 GiB.
  uint64_t max_memory_bytes;
  // Bytes of native stack for the guest; default 512 KiB.
  uint64_t stack_size;
  // Milliseconds that one call may take; default none. Needs code compiled with `--interruptible`.
  uint32_t deadline_ms;
  // Elements of all tables together, 16 bytes each; default 1 million.
  uint32_t max_table_elements;
} nullvm_limits_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Name and version of the runtime, NUL-terminated. Static.
const char *nullvm_version(void);

// Version of the interface between plugins and the runtime.
uint32_t nullvm_abi_version(void);

// Makes an instance of a plugin. `host` is copied; `host_pointer` is what its functions get. `limits` may be NULL for the
// defaults, `message` too; on failure it receives a line of text.
//
// Requirements:
// `plugin` is loaded; `host` and `limits` have as many bytes as their `size` says; `instance` is writable; `message` has
// `message_size` bytes. The functions of `host` keep the rules of this header as long as the instance lives.
nullvm_result_t nullvm_instance_new(const nullvm_plugin_t *plugin,
                                    const nullvm_host_t *host,
                                    void *host_pointer,
                                    const nullvm_limits_t *limits,
                                    nullvm_instance_t **instance,
                                    char *message,
                                    size_t message_size);

// Ends an instance; NULL does nothing. Aborts the process if the instance is running: never call it from one of the
// instance's own host functions.
//
// Requirements:
// `instance` is NULL or was made and not freed.
void nullvm_instance_free(nullvm_instance_t *instance);

// Runs the plugin's initialisation (`_initialize` and `main`, or `_start`) now instead of before the first callback.
//
// Requirements:
// `instance` lives.
nullvm_result_t nullvm_instance_start(nullvm_instance_t *instance);

// Calls a callback (`nullvm_callback_t`). Surplus arguments are dropped. `result` may be NULL; it receives 0 from a callback
// without a result. After a trap the instance has failed: read the message, free it and make another.
//
// Requirements:
// `instance` lives; `args` has `count` readable values, and may be NULL when that is 0; `result` is writable.
nullvm_result_t nullvm_instance_call(nullvm_instance_t *instance,
                                     uint32_t callback,
                                     const uint32_t *args,
                                     size_t count,
                                     uint32_t *result);

// Calls an exported function of any signature: arguments in `values`, results in their place. A trap does not fail the
// instance. For plugins compiled without the Proxy-Wasm checks.
//
// Requirements:
// `instance` lives; `name` is NUL-terminated; `values` has `count` values, and may be NULL when that is 0.
nullvm_result_t nullvm_instance_invoke(nullvm_instance_t *instance,
                                       const char *name,
                                       nullvm_value_t *values,
                                       size_t count);

// Whether a trap has made the instance unusable.
//
// Requirements:
// `instance` lives; `failed` is writable.
nullvm_result_t nullvm_instance_failed(const nullvm_instance_t *instance, bool *failed);

// The code (`nullvm_trap_t`) of the last trap, 0 when there was none.
//
// Requirements:
// `instance` lives; `code` is writable.
nullvm_result_t nullvm_instance_trap_code(const nullvm_instance_t *instance, uint32_t *code);

// The text of the last trap, with the backtrace: several lines, cut off where `text` is full, NUL-terminated. `len` may be
// NULL; it receives the bytes of the whole text without the NUL, 0 when there was no trap.
//
// Requirements:
// `instance` lives; `text` has `size` writable bytes, and may be NULL when that is 0; `len` is writable.
nullvm_result_t nullvm_instance_trap_message(const nullvm_instance_t *instance,
                                             char *text,
                                             size_t size,
                                             size_t *len);

// Sets the plugin's environment variables. For instances that have not started.
//
// Requirements:
// `instance` lives and does not run; `variables` describes readable pairs.
nullvm_result_t nullvm_instance_set_environment(nullvm_instance_t *instance,
                                                nullvm_pairs_t variables);

// Allows the host functions with these names and no others, as `allowed_capabilities` of Envoy does. Without this call all
// are allowed.
//
// Requirements:
// `instance` lives and does not run; `names` has `count` entries, and may be NULL when that is 0.
nullvm_result_t nullvm_instance_allow_capabilities(nullvm_instance_t *instance,
                                                   const nullvm_bytes_t *names,
                                                   size_t count);

// A handle that stops what an instance runs. Lives as long as the caller likes, also after the instance; any thread may use
// it.
//
// Requirements:
// `instance` lives; `handle` is writable.
nullvm_result_t nullvm_interrupt_handle_new(const nullvm_instance_t *instance,
                                            nullvm_interrupt_handle_t **handle);

// Gives a handle back; NULL does nothing.
//
// Requirements:
// `handle` is NULL or was made and not freed.
void nullvm_interrupt_handle_free(nullvm_interrupt_handle_t *handle);

// Asks the guest to stop: its current call ends with the trap `NULLVM_TRAP_INTERRUPT` as soon as it reaches a function
// entry, or a loop head in code compiled with `--interruptible`. Nothing happens when no call runs, or the instance is gone.
//
// Requirements:
// `handle` was made and not freed.
nullvm_result_t nullvm_instance_interrupt(const nullvm_interrupt_handle_t *handle);

// Bytes of the linear memory now. It grows when the guest runs, and never shrinks or moves.
//
// Requirements:
// `instance` lives; `size` is writable.
nullvm_result_t nullvm_instance_memory_size(const nullvm_instance_t *instance, uint64_t *size);

// The `len` bytes at `address` of the linear memory, to be read and written as long as the instance lives. The guest may
// change them whenever it runs.
//
// Requirements:
// `instance` lives; `data` is writable.
nullvm_result_t nullvm_instance_memory(nullvm_instance_t *instance,
                                       uint32_t address,
                                       uint32_t len,
                                       uint8_t **data);

// Has the guest's allocator give `size` bytes; `address` receives where.
//
// Requirements:
// `instance` lives; `address` is writable.
nullvm_result_t nullvm_instance_allocate(nullvm_instance_t *instance,
                                         uint32_t size,
                                         uint32_t *address);

// Loads a plugin that was linked in: `&nullvm_plugin_<name>`. `message` may be NULL; on failure it receives a line of text.
// The plugin is shared by any number of instances and threads.
//
// Requirements:
// `descriptor` is one that nullvmc wrote; `plugin` is writable; `message` has `message_size` bytes.
nullvm_result_t nullvm_plugin_load(const nullvm_plugin_descriptor_t *descriptor,
                                   const nullvm_plugin_t **plugin,
                                   char *message,
                                   size_t message_size);

// Loads a plugin in the image form. The bytes are copied and may go afterwards. They are code: the caller has checked where
// they come from (signature); that they are what was written is checked here, by the image's own hash. `message` may be NULL; on
// failure it receives a line of text.
//
// Requirements:
// `bytes` has `len` readable bytes; `plugin` is writable; `message` has `message_size` bytes.
nullvm_result_t nullvm_plugin_load_image(const uint8_t *bytes,
                                         size_t len,
                                         const nullvm_plugin_t **plugin,
                                         char *message,
                                         size_t message_size);

// Loads a plugin out of a bundle: `bytes` is what the module's custom section `precompiled_nullvm_v1_<target triple>` holds, of
// whose images the one that makes most of this processor is taken. Otherwise as nullvm_plugin_load_image.
//
// Requirements:
// `bytes` has `len` readable bytes; `plugin` is writable; `message` has `message_size` bytes.
nullvm_result_t nullvm_plugin_load_section(const uint8_t *bytes,
                                           size_t len,
                                           const nullvm_plugin_t **plugin,
                                           char *message,
                                           size_t message_size);

// Gives a plugin back. Its instances keep what they need; NULL does nothing.
//
// Requirements:
// `plugin` is NULL or was loaded and not freed.
void nullvm_plugin_free(const nullvm_plugin_t *plugin);

// Whether the plugin exports a callback (`nullvm_callback_t`).
//
// Requirements:
// `plugin` is loaded; `exported` is writable.
nullvm_result_t nullvm_plugin_exports(const nullvm_plugin_t *plugin,
                                      uint32_t callback,
                                      bool *exported);

// The ABI version that the plugin declares: 0 none, 1 for 0.1.0, 2 for 0.2.0, 3 for 0.2.1, 4 for 0.2.100.
//
// Requirements:
// `plugin` is loaded; `abi` is writable.
nullvm_result_t nullvm_plugin_abi(const nullvm_plugin_t *plugin,
                                  uint32_t *abi);

// Appends the plugin's functions to `/tmp/perf-<pid>.map` for `perf`. Of use for the image form only.
//
// Requirements:
// `plugin` is loaded.
nullvm_result_t nullvm_plugin_write_perf_map(const nullvm_plugin_t *plugin);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* NULLVM_H */
