/* What wasm2c's output needs to look like the native kernels: functions `uint32_t k_NAME(uint32_t)` over one instance of the module,
 * which is made at the first call. For one thread at a time. `build.py` writes `bindings.h` with wasm2c's own names. */
#include "bindings.h"

#include <stdio.h>
#include <stdlib.h>

static kernels_instance instance;

/* The kernels do not trap, so a trap is a mistake of the build. */
void kernels_trap(int code)
{
    fprintf(stderr, "kernels: trap: %s\n", wasm_rt_strerror((wasm_rt_trap_t)code));
    abort();
}

static kernels_instance *the_instance(void)
{
    static bool made;
    if (!made) {
        wasm_rt_init();
        KERNELS_INITIALISE();
        KERNELS_INSTANTIATE(&instance);
        made = true;
    }
    return &instance;
}

#define EXPORT(name, function)                                                                            \
    __attribute__((visibility("default"))) uint32_t name(uint32_t n);                                     \
    __attribute__((visibility("default"))) uint32_t name(uint32_t n) { return function(the_instance(), n); }

KERNELS_EXPORTS(EXPORT)
