/* A host of a few functions for the link tests: prints what a plugin logs and keeps its response headers. */
#ifndef HOST_H
#define HOST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nullvm.h"

enum { VM_CONFIGURATION = 6, PLUGIN_CONFIGURATION = 7, REQUEST_HEADERS = 0, RESPONSE_HEADERS = 2 };

struct host {
  const char *name;
  const char *configuration;
  const char *request_key, *request_value;
};

static nullvm_bytes_t bytes_of(const char *text) {
  nullvm_bytes_t bytes = {(const uint8_t *)text, strlen(text)};
  return bytes;
}

static uint32_t host_log(void *host, uint32_t level, nullvm_bytes_t message) {
  printf("%s log %u: %.*s\n", ((struct host *)host)->name, level, (int)message.len, (const char *)message.data);
  return NULLVM_STATUS_OK;
}

static uint32_t host_buffer_status(void *host, uint32_t buffer, uint32_t *length, uint32_t *flags) {
  if (buffer != PLUGIN_CONFIGURATION) return NULLVM_STATUS_NOT_FOUND;
  *length = (uint32_t)strlen(((struct host *)host)->configuration);
  *flags = 0;
  return NULLVM_STATUS_OK;
}

static uint32_t host_read_buffer(void *host, uint32_t buffer, uint32_t start, uint32_t len, uint8_t *out) {
  (void)buffer;
  memcpy(out, ((struct host *)host)->configuration + start, len);
  return NULLVM_STATUS_OK;
}

static uint32_t host_get_header(void *host, uint32_t map, nullvm_bytes_t key, nullvm_bytes_t *out) {
  struct host *h = host;
  if (map != REQUEST_HEADERS || h->request_key == NULL || key.len != strlen(h->request_key) ||
      memcmp(key.data, h->request_key, key.len) != 0)
    return NULLVM_STATUS_NOT_FOUND;
  *out = bytes_of(h->request_value);
  return NULLVM_STATUS_OK;
}

static uint32_t host_get_headers(void *host, uint32_t map, nullvm_pairs_t *out) {
  static nullvm_pair_t pair;
  struct host *h = host;
  if (map == REQUEST_HEADERS && h->request_key != NULL) {
    pair.key = bytes_of(h->request_key);
    pair.value = bytes_of(h->request_value);
    out->data = &pair;
    out->len = 1;
  } else {
    out->data = NULL;
    out->len = 0;
  }
  return NULLVM_STATUS_OK;
}

static uint32_t host_add_header(void *host, uint32_t map, nullvm_bytes_t key, nullvm_bytes_t value) {
  printf("%s header %u: %.*s: %.*s\n", ((struct host *)host)->name, map, (int)key.len, (const char *)key.data,
         (int)value.len, (const char *)value.data);
  return NULLVM_STATUS_OK;
}

static uint32_t host_define_metric(void *host, uint32_t type, nullvm_bytes_t name, uint32_t *id) {
  (void)host, (void)type, (void)name;
  *id = 1;
  return NULLVM_STATUS_OK;
}

static uint32_t host_increment_metric(void *host, uint32_t id, int64_t offset) {
  printf("%s metric %u += %lld\n", ((struct host *)host)->name, id, (long long)offset);
  return NULLVM_STATUS_OK;
}

static nullvm_host_t host_table(void) {
  nullvm_host_t table;
  memset(&table, 0, sizeof table);
  table.size = sizeof table;
  table.log = host_log;
  table.get_buffer_status = host_buffer_status;
  table.read_buffer = host_read_buffer;
  table.get_header = host_get_header;
  table.get_headers = host_get_headers;
  table.add_header = host_add_header;
  table.replace_header = host_add_header;
  table.define_metric = host_define_metric;
  table.increment_metric = host_increment_metric;
  return table;
}

static void expect(nullvm_result_t found, nullvm_result_t wanted, const char *what) {
  if (found == wanted) return;
  fprintf(stderr, "%s: result %u, expected %u\n", what, (unsigned)found, (unsigned)wanted);
  exit(1);
}

/* Loads a plugin and runs it up to the end of the request headers; gives the result of that call. */
static nullvm_result_t run_plugin(const nullvm_plugin_descriptor_t *descriptor, struct host *host) {
  char message[256];
  const nullvm_plugin_t *plugin = NULL;
  nullvm_instance_t *instance = NULL;
  nullvm_host_t table = host_table();
  expect(nullvm_plugin_load(descriptor, &plugin, message, sizeof message), NULLVM_RESULT_OK, "load");
  expect(nullvm_instance_new(plugin, &table, host, NULL, &instance, message, sizeof message), NULLVM_RESULT_OK,
         "instance");
  uint32_t result = 0;
  uint32_t root[] = {1, 0}, configure[] = {1, (uint32_t)strlen(host->configuration)}, vm[] = {1, 0};
  expect(nullvm_instance_start(instance), NULLVM_RESULT_OK, "start");
  expect(nullvm_instance_call(instance, NULLVM_CALLBACK_ON_CONTEXT_CREATE, root, 2, NULL), NULLVM_RESULT_OK, "root");
  expect(nullvm_instance_call(instance, NULLVM_CALLBACK_ON_VM_START, vm, 2, &result), NULLVM_RESULT_OK, "vm_start");
  expect(nullvm_instance_call(instance, NULLVM_CALLBACK_ON_CONFIGURE, configure, 2, &result), NULLVM_RESULT_OK,
         "configure");
  uint32_t stream[] = {2, 1}, headers[] = {2, 1, 1};
  expect(nullvm_instance_call(instance, NULLVM_CALLBACK_ON_CONTEXT_CREATE, stream, 2, NULL), NULLVM_RESULT_OK,
         "stream");
  nullvm_result_t outcome =
      nullvm_instance_call(instance, NULLVM_CALLBACK_ON_REQUEST_HEADERS, headers, 3, &result);
  if (outcome == NULLVM_RESULT_OK) {
    uint32_t response[] = {2, 1, 1};
    bool exported = false;
    expect(nullvm_plugin_exports(plugin, NULLVM_CALLBACK_ON_RESPONSE_HEADERS, &exported), NULLVM_RESULT_OK, "exports");
    if (exported)
      expect(nullvm_instance_call(instance, NULLVM_CALLBACK_ON_RESPONSE_HEADERS, response, 3, &result),
             NULLVM_RESULT_OK, "response headers");
  } else {
    char text[4096];
    size_t len = 0;
    expect(nullvm_instance_trap_message(instance, text, sizeof text, &len), NULLVM_RESULT_OK, "trap message");
    printf("%s trap: %s\n", host->name, text);
  }
  nullvm_instance_free(instance);
  nullvm_plugin_free(plugin);
  return outcome;
}

#endif
