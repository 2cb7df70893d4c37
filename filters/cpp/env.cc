// WASI as a Proxy-Wasm host offers it: environment, arguments, clocks, random numbers, standard output and exit.

#include "abi.h"

#include <cstdio>
#include <ctime>
#include <unistd.h>
#include <unordered_map>
#include <wasi/api.h>

using namespace abi;

namespace {

struct Stream {
  uint64_t monotonic = 0;
};

std::unordered_map<uint32_t, Stream> streams;

// The clock in nanoseconds, 0 when the host refuses.
uint64_t now(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) {
    return 0;
  }
  return uint64_t(time.tv_sec) * 1'000'000'000 + uint64_t(time.tv_nsec);
}

std::string random_hex() {
  unsigned char bytes[16] = {};
  if (getentropy(bytes, sizeof bytes) != 0) {
    return "failed";
  }
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

// A count, or `error:ERRNO`.
std::string counted(__wasi_errno_t error, size_t count) {
  return error == 0 ? std::to_string(count) : "error:" + std::to_string(error);
}

} // namespace

EXPORT("proxy_abi_version_0_2_1") void abi_version() {}
EXPORT("malloc") void *guest_malloc(size_t size) { return malloc(size); }

EXPORT("proxy_on_context_create") void on_context_create(uint32_t context, uint32_t root) {
  if (root != 0) {
    streams.emplace(context, Stream{});
  }
}

EXPORT("proxy_on_vm_start") uint32_t on_vm_start(uint32_t, uint32_t) { return 1; }

EXPORT("proxy_on_configure") uint32_t on_configure(uint32_t, uint32_t) {
  const char *value = getenv("NULLVM_TEST");
  printf("NULLVM_TEST=%s\n", value != nullptr ? value : "none");
  fflush(stdout);
  fprintf(stderr, "written to standard error\n");
  return 1;
}

EXPORT("proxy_on_request_headers") uint32_t on_request_headers(uint32_t context, uint32_t, uint32_t) {
  std::string value;
  if (get(kRequestHeaders, "x-exit", &value)) {
    __wasi_proc_exit(uint32_t(atoi(value.c_str())));
  }
  if (get(kRequestHeaders, "x-print", &value)) {
    printf("%s\n", value.c_str());
    fflush(stdout);
  }
  streams[context].monotonic = now(CLOCK_MONOTONIC);
  return kContinue;
}

EXPORT("proxy_on_response_headers") uint32_t on_response_headers(uint32_t context, uint32_t, uint32_t) {
  const char *variable = getenv("NULLVM_TEST");
  add(kResponseHeaders, "x-env", variable != nullptr ? variable : "none");
  size_t count = 0;
  size_t size = 0;
  const __wasi_errno_t environment = __wasi_environ_sizes_get(&count, &size);
  add(kResponseHeaders, "x-env-count", counted(environment, count));
  const __wasi_errno_t arguments = __wasi_args_sizes_get(&count, &size);
  add(kResponseHeaders, "x-args-count", counted(arguments, count));

  add(kResponseHeaders, "x-time-ns", std::to_string(now(CLOCK_REALTIME)));
  const uint64_t before = streams[context].monotonic;
  const uint64_t after = now(CLOCK_MONOTONIC);
  add(kResponseHeaders, "x-time-order", before != 0 && after >= before ? "forward" : "backward");
  __wasi_timestamp_t time = 0;
  add(kResponseHeaders, "x-time-bad-clock", std::to_string(__wasi_clock_time_get(99, 1, &time)));

  const std::string first = random_hex();
  add(kResponseHeaders, "x-random", first);
  add(kResponseHeaders, "x-random-differs", first != random_hex() ? "yes" : "no");

  __wasi_size_t written = 0;
  const char text[] = "to a bad descriptor";
  const __wasi_ciovec_t vector{reinterpret_cast<const uint8_t *>(text), sizeof text - 1};
  add(kResponseHeaders, "x-write-bad-fd", std::to_string(__wasi_fd_write(77, &vector, 1, &written)));
  return kContinue;
}

EXPORT("proxy_on_log") void on_log(uint32_t) {}
EXPORT("proxy_on_done") uint32_t on_done(uint32_t) { return 1; }
EXPORT("proxy_on_delete") void on_delete(uint32_t context) { streams.erase(context); }
