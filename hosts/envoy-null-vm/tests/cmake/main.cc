// Loads the plugins that its arguments name; 0 if all are there.
#include "include/proxy-wasm/null.h"

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (!proxy_wasm::createNullVm()->load(argv[i], {}, {})) {
      return i;
    }
  }
  return 0;
}
