// A filter of ABI 0.1.0, as meshes still run them: header callbacks of two parameters, proxy_get_configuration,
// proxy_continue_request, proxy_on_memory_allocate in place of malloc, and the older WASI module name.

#include "abi.h"

#include <utility>
#include <vector>

using namespace abi;

IMPORT("env", "proxy_get_configuration") uint32_t proxy_get_configuration(char **data, size_t *size);
IMPORT("env", "proxy_continue_request") uint32_t proxy_continue_request();
IMPORT("env", "proxy_get_header_map_size") uint32_t proxy_get_header_map_size(uint32_t map, size_t *size);
IMPORT("env", "proxy_set_tick_period_milliseconds") uint32_t proxy_set_tick_period_milliseconds(uint32_t period);
IMPORT("env", "proxy_set_effective_context") uint32_t proxy_set_effective_context(uint32_t context);

struct IoVec {
  const char *data;
  size_t size;
};
IMPORT("wasi_unstable", "fd_write")
uint32_t unstable_fd_write(int32_t fd, const IoVec *vectors, size_t count, size_t *written);

namespace {

std::string configuration;
std::vector<uint32_t> waiting;
// What the host last answered for a request header that is not there.
uint32_t missing_status = 0;

} // namespace

EXPORT("proxy_abi_version_0_1_0") void abi_version() {}
EXPORT("proxy_on_memory_allocate") void *on_memory_allocate(size_t size) { return malloc(size); }

EXPORT("proxy_on_context_create") void on_context_create(uint32_t, uint32_t) {}
EXPORT("proxy_on_vm_start") uint32_t on_vm_start(uint32_t, uint32_t) { return 1; }

EXPORT("proxy_on_configure") uint32_t on_configure(uint32_t, uint32_t) {
  char *data = nullptr;
  size_t size = 0;
  const uint32_t status = proxy_get_configuration(&data, &size);
  configuration = take(data, size);
  log(kInfo, "abi 0.1.0: configuration: " + std::to_string(status) + " " + configuration);
  const std::string_view parts[] = {"abi 0.1.0: ", "written in two parts\n"};
  const IoVec vectors[] = {{parts[0].data(), parts[0].size()}, {parts[1].data(), parts[1].size()}};
  size_t written = 0;
  unstable_fd_write(1, vectors, 2, &written);
  proxy_set_tick_period_milliseconds(50);
  return 1;
}

EXPORT("proxy_on_tick") void on_tick(uint32_t root) {
  for (const uint32_t context : std::exchange(waiting, {})) {
    if (proxy_set_effective_context(context) == kOk) {
      add(kRequestHeaders, "x-abi-resumed", "1");
      proxy_continue_request();
    }
  }
  proxy_set_effective_context(root);
}

EXPORT("proxy_on_request_headers") uint32_t on_request_headers(uint32_t context, uint32_t count) {
  log(kInfo, "abi 0.1.0: request headers: " + std::to_string(count));

  // In 0.1.0 a header that is not there is Ok and empty; later ABIs answer NotFound.
  char *data = nullptr;
  size_t length = 0;
  constexpr std::string_view key = "x-abi-missing-header";
  missing_status = proxy_get_header_map_value(kRequestHeaders, key.data(), key.size(), &data, &length);
  free(data);

  std::string value;
  if (get(kRequestHeaders, "x-pause", &value) && !value.empty()) {
    waiting.push_back(context);
    return kPause;
  }
  return kContinue;
}

EXPORT("proxy_on_response_headers") uint32_t on_response_headers(uint32_t, uint32_t count) {
  log(kInfo, "abi 0.1.0: response headers: " + std::to_string(count));
  add(kResponseHeaders, "x-abi", "0.1.0");
  add(kResponseHeaders, "x-abi-config-len", std::to_string(configuration.size()));
  size_t size = 0;
  const uint32_t status = proxy_get_header_map_size(kResponseHeaders, &size);
  add(kResponseHeaders, "x-abi-map-size", status == kOk ? "ok" : "error:" + std::to_string(status));
  add(kResponseHeaders, "x-abi-missing", std::to_string(missing_status));
  return kContinue;
}

EXPORT("proxy_on_log") void on_log(uint32_t) {}
EXPORT("proxy_on_done") uint32_t on_done(uint32_t context) {
  std::erase(waiting, context);
  return 1;
}
EXPORT("proxy_on_delete") void on_delete(uint32_t) {}
