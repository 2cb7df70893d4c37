/* Two plugins and one shim: cc two_plugins.c add_header.o trap.o libnullvm_shim.a. With -DSHARED it is a library whose
 * function `run` is called by dlopen.c. */
#include "host.h"

extern const nullvm_plugin_descriptor_t nullvm_plugin_add_header, nullvm_plugin_trap;

/* What another Rust static library in the same program offers. */
#ifdef NEIGHBOUR
extern int neighbour(int);
#endif

int run(void) {
  struct host first = {"add_header", "header_1=somevalue\n", "hello", "world"};
  expect(run_plugin(&nullvm_plugin_add_header, &first), NULLVM_RESULT_OK, "add_header");
  struct host second = {"trap", "", "x-trap", "oob"};
  for (int i = 0; i < 3; i++) expect(run_plugin(&nullvm_plugin_trap, &second), NULLVM_RESULT_TRAP, "trap");
  second.request_value = "none";
  expect(run_plugin(&nullvm_plugin_trap, &second), NULLVM_RESULT_OK, "trap without a trap");
#ifdef NEIGHBOUR
  printf("neighbour says %d\n", neighbour(41));
#endif
  return 0;
}

#ifndef SHARED
int main(void) { return run(); }
#endif
