// The tutorial filter in C++ without an SDK: same configuration, headers, metric and log lines as ../rust/add_header.

#include "abi.h"

#include <unordered_map>
#include <utility>
#include <vector>

using namespace abi;

namespace {

struct Root {
  std::vector<std::pair<std::string, std::string>> headers;
  uint32_t counter = 0;
  bool counts = false;
};

struct Stream {
  uint32_t root;
  uint32_t request_headers = 0;
  uint32_t response_headers = 0;
};

std::unordered_map<uint32_t, Root> roots;
std::unordered_map<uint32_t, Stream> streams;

std::string number(uint32_t value) { return std::to_string(value); }

} // namespace

EXPORT("proxy_abi_version_0_2_1") void abi_version() {}
EXPORT("malloc") void *guest_malloc(size_t size) { return malloc(size); }

EXPORT("proxy_on_context_create") void on_context_create(uint32_t context, uint32_t root) {
  if (root == 0) {
    roots.emplace(context, Root{});
  } else {
    streams.emplace(context, Stream{.root = root});
  }
}

EXPORT("proxy_on_vm_start") uint32_t on_vm_start(uint32_t, uint32_t size) {
  log(kInfo, "on_vm_start: " + number(size) + " bytes of configuration");
  return 1;
}

EXPORT("proxy_on_configure") uint32_t on_configure(uint32_t context, uint32_t size) {
  Root &root = roots[context];
  root.headers.clear();
  char *data = nullptr;
  size_t length = 0;
  std::string text;
  if (proxy_get_buffer_bytes(kPluginConfiguration, 0, size, &data, &length) == kOk) {
    text = take(data, length);
  }
  std::string_view rest = text;
  for (uint32_t line_number = 1; !rest.empty(); ++line_number) {
    const size_t end = rest.find('\n');
    const std::string_view line = trim(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (line.empty() || line[0] == '#') {
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      log(kWarn, "line " + number(line_number) + " ignored: no '=' in it");
      continue;
    }
    root.headers.emplace_back(trim(line.substr(0, equals)), trim(line.substr(equals + 1)));
  }
  log(kInfo, "on_configure: " + number(root.headers.size()) + " headers to add");
  if (!root.counts) {
    constexpr std::string_view name = "hello_header_counter";
    root.counts = proxy_define_metric(kCounter, name.data(), name.size(), &root.counter) == kOk;
  }
  return 1;
}

EXPORT("proxy_on_request_headers") uint32_t on_request_headers(uint32_t context, uint32_t count, uint32_t) {
  log(kInfo, "on_http_request_headers: " + number(count) + " headers");
  Stream &stream = streams[context];
  stream.request_headers = count;
  std::string hello;
  const Root &root = roots[stream.root];
  if (root.counts && get(kRequestHeaders, "hello", &hello)) {
    proxy_increment_metric(root.counter, 1);
  }
  return kContinue;
}

EXPORT("proxy_on_response_headers") uint32_t on_response_headers(uint32_t context, uint32_t count, uint32_t) {
  log(kInfo, "on_http_response_headers: " + number(count) + " headers");
  Stream &stream = streams[context];
  stream.response_headers = count;
  for (const auto &[key, value] : roots[stream.root].headers) {
    add(kResponseHeaders, key, value);
  }
  add(kResponseHeaders, "x-wasm-filter", "nullvm");
  return kContinue;
}

EXPORT("proxy_on_log") void on_log(uint32_t context) {
  const auto stream = streams.find(context);
  if (stream != streams.end()) {
    log(kInfo, "on_log: " + number(stream->second.request_headers) + " request headers, " +
                   number(stream->second.response_headers) + " response headers");
  }
}

EXPORT("proxy_on_done") uint32_t on_done(uint32_t) { return 1; }

EXPORT("proxy_on_delete") void on_delete(uint32_t context) {
  streams.erase(context);
  roots.erase(context);
}
