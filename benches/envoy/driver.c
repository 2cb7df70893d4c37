/* Drives a dynamic module for Envoy without Envoy: streams with a request and a response with a body, through so many copies of one
 * HTTP filter, by callbacks that do nothing. What is measured is the module alone.
 *
 *   driver MODULE NAME COPIES ROUNDS     prints nanoseconds per stream and copy, best of ten times ROUNDS
 *
 * Compiled with -rdynamic: modules look the callbacks up in the program. Those that are never called here abort. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
    const char *data;
    size_t length;
} Buffer;

enum { MOST_COPIES = 64, REPEATS = 10 };

#define CALLBACK(name) envoy_dynamic_module_callback_##name
#define ABSENT(name) void CALLBACK(name)(void) { abort(); }

ABSENT(http_get_headers)
ABSENT(http_send_response)
ABSENT(http_get_body_chunks_size)
ABSENT(http_get_body_chunks)
ABSENT(http_append_body)
ABSENT(http_drain_body)
ABSENT(http_filter_continue_decoding)
ABSENT(http_filter_continue_encoding)
ABSENT(http_filter_get_attribute_string)
ABSENT(http_filter_get_attribute_int)
ABSENT(http_filter_scheduler_new)
ABSENT(http_filter_scheduler_commit)
ABSENT(http_filter_scheduler_delete)
ABSENT(http_filter_config_scheduler_commit)

static size_t changed;

bool CALLBACK(http_get_header)(void *filter, unsigned map, Buffer key, Buffer *out, size_t index, size_t *total)
{
    (void)filter, (void)map, (void)key, (void)index, (void)total;
    *out = (Buffer){"curl/8.5.0 test agent", 21};
    return true;
}

static bool change(Buffer value)
{
    changed += value.length;
    return true;
}

bool CALLBACK(http_add_header)(void *filter, unsigned map, Buffer key, Buffer value)
{
    (void)filter, (void)map, (void)key;
    return change(value);
}

bool CALLBACK(http_set_header)(void *filter, unsigned map, Buffer key, Buffer value)
{
    (void)filter, (void)map, (void)key;
    return change(value);
}

size_t CALLBACK(http_get_headers_size)(void *filter, unsigned map) { return (void)filter, (void)map, 7; }
size_t CALLBACK(http_get_body_size)(void *filter, unsigned body) { return (void)filter, (void)body, 7; }
void CALLBACK(http_clear_route_cache)(void *filter) { (void)filter; }
unsigned CALLBACK(http_filter_get_worker_index)(void *filter) { return (void)filter, 0; }
void *CALLBACK(http_filter_config_scheduler_new)(void *config) { return config; }
void CALLBACK(http_filter_config_scheduler_delete)(void *scheduler) { (void)scheduler; }
bool CALLBACK(log_enabled)(unsigned level) { return level >= 4; }
unsigned CALLBACK(get_concurrency)(void) { return 1; }

void CALLBACK(log)(unsigned level, Buffer message)
{
    /* Warnings are about callbacks that are not here. */
    if (level >= 4) fprintf(stderr, "%.*s\n", (int)message.length, message.data);
}

#define DEFINE(kind) \
    unsigned CALLBACK(http_filter_config_define_##kind)(void *config, Buffer name, Buffer *labels, size_t count, size_t *id) \
    { \
        (void)config, (void)name, (void)labels, (void)count; \
        *id = 1; \
        return 0; \
    }
DEFINE(counter)
DEFINE(gauge)
DEFINE(histogram)

static void *module;

static void *hook(const char *name)
{
    char symbol[128];
    snprintf(symbol, sizeof symbol, "envoy_dynamic_module_on_%s", name);
    void *found = dlsym(module, symbol);
    if (!found) {
        fprintf(stderr, "the module has no %s\n", symbol);
        exit(1);
    }
    return found;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int count, char **args)
{
    int copies = count == 5 ? atoi(args[3]) : 0;
    long rounds = count == 5 ? atol(args[4]) : 0;
    if (copies < 1 || copies > MOST_COPIES || rounds < 1) {
        fprintf(stderr, "driver MODULE NAME COPIES ROUNDS\n");
        return 2;
    }
    module = dlopen(args[1], RTLD_NOW);
    if (!module) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    const char *(*program_init)(void) = hook("program_init");
    void *(*config_new)(void *, Buffer, Buffer) = hook("http_filter_config_new");
    void *(*filter_new)(void *, void *) = hook("http_filter_new");
    unsigned (*request_headers)(void *, void *, bool) = hook("http_filter_request_headers");
    unsigned (*response_headers)(void *, void *, bool) = hook("http_filter_response_headers");
    unsigned (*response_body)(void *, void *, bool) = hook("http_filter_response_body");
    void (*stream_complete)(void *, void *) = hook("http_filter_stream_complete");
    void (*destroy)(void *) = hook("http_filter_destroy");
    if (!program_init()) return 1;

    void *configs[MOST_COPIES], *streams[MOST_COPIES], *filter = &configs;
    Buffer name = {args[2], 0};
    while (args[2][name.length]) name.length++;
    for (int i = 0; i < copies; i++) {
        configs[i] = config_new(&configs, name, (Buffer){"", 0});
        if (!configs[i]) return 1;
    }
    double best = 1e30;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double start = now();
        for (long round = 0; round < rounds; round++) {
            for (int i = 0; i < copies; i++) streams[i] = filter_new(configs[i], filter);
            for (int i = 0; i < copies; i++) request_headers(filter, streams[i], true);
            for (int i = copies; i-- > 0;) {
                response_headers(filter, streams[i], false);
                response_body(filter, streams[i], true);
            }
            for (int i = 0; i < copies; i++) stream_complete(filter, streams[i]);
            for (int i = 0; i < copies; i++) destroy(streams[i]);
        }
        double time = now() - start;
        if (time < best) best = time;
    }
    if (changed == 0) {
        fprintf(stderr, "the filter changed nothing\n");
        return 1;
    }
    printf("%.1f\n", best / (double)rounds / copies);
    return 0;
}
