// The part of the Proxy-Wasm ABI that the C++ filters use, declared by hand: no SDK needed.
#ifndef NULLVM_FILTERS_ABI_H
#define NULLVM_FILTERS_ABI_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#define IMPORT(module, name) extern "C" __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) extern "C" __attribute__((export_name(name), used))

namespace abi {

enum Status : uint32_t { kOk = 0, kNotFound = 1 };
enum LogLevel : uint32_t { kInfo = 2, kWarn = 3 };
enum Action : uint32_t { kContinue = 0, kPause = 1 };
enum Map : uint32_t { kRequestHeaders = 0, kResponseHeaders = 2 };
enum Buffer : uint32_t { kPluginConfiguration = 7 };
enum Metric : uint32_t { kCounter = 0 };

} // namespace abi

IMPORT("env", "proxy_log") uint32_t proxy_log(uint32_t level, const char *message, size_t size);
IMPORT("env", "proxy_get_buffer_bytes")
uint32_t proxy_get_buffer_bytes(uint32_t buffer, size_t start, size_t max_size, char **data, size_t *size);
IMPORT("env", "proxy_get_header_map_value")
uint32_t proxy_get_header_map_value(uint32_t map, const char *key, size_t key_size, char **value, size_t *value_size);
IMPORT("env", "proxy_add_header_map_value")
uint32_t proxy_add_header_map_value(uint32_t map, const char *key, size_t key_size, const char *value, size_t value_size);
IMPORT("env", "proxy_define_metric")
uint32_t proxy_define_metric(uint32_t type, const char *name, size_t name_size, uint32_t *metric);
IMPORT("env", "proxy_increment_metric") uint32_t proxy_increment_metric(uint32_t metric, int64_t offset);

namespace abi {

inline void log(LogLevel level, std::string_view message) { proxy_log(level, message.data(), message.size()); }

// Takes over what the host put into memory that it got from our allocator.
inline std::string take(char *data, size_t size) {
  std::string text(data != nullptr ? data : "", data != nullptr ? size : 0);
  free(data);
  return text;
}

// The value of a header; false when there is none.
inline bool get(Map map, std::string_view key, std::string *value) {
  char *data = nullptr;
  size_t size = 0;
  if (proxy_get_header_map_value(map, key.data(), key.size(), &data, &size) != kOk) {
    return false;
  }
  *value = take(data, size);
  return true;
}

inline void add(Map map, std::string_view key, std::string_view value) {
  proxy_add_header_map_value(map, key.data(), key.size(), value.data(), value.size());
}

inline std::string_view trim(std::string_view text) {
  const char *blank = " \t\r";
  const size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

} // namespace abi

#endif
