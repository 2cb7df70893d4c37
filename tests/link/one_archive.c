/* Linked from one archive: cc one_archive.c libadd_header.a */
#include "host.h"

extern const nullvm_plugin_descriptor_t nullvm_plugin_add_header;

int main(void) {
  struct host host = {"add_header", "header_1=somevalue\nheader_2=secondvalue\n", "hello", "world"};
  expect(run_plugin(&nullvm_plugin_add_header, &host), NULLVM_RESULT_OK, "add_header");
  return 0;
}
