// The adapter in a host: every scenario on both faces, and what does not fit into lines: threads, many traps, refusals.
//
//   adapter_test DIR EXPECTED NAME=REGISTERED...
//
// DIR holds NAME.wasm and NAME.nvm; EXPECTED is scenarios.txt, written instead of compared when BLESS is set.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "nullvm_engine.h"
#include "nullvm_guest.h"
#include "scenarios.h"
#ifdef NULLVM_TEST_WASMTIME
#include "include/proxy-wasm/wasmtime.h"
#endif

namespace test {
namespace {

std::string directory;
std::map<std::string, std::string> registered;

std::string ReadFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file.good(), "cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A custom section: number 0, size, name, content.
std::string WithSection(std::string module, const std::string &name, const std::string &content) {
  const auto leb = [](size_t value) {
    std::string bytes;
    do {
      const auto low = static_cast<char>(value & 0x7f);
      value >>= 7;
      bytes += value == 0 ? low : static_cast<char>(low | static_cast<char>(0x80));
    } while (value != 0);
    return bytes;
  };
  const std::string body = leb(name.size()) + name + content;
  return module + '\0' + leb(body.size()) + body;
}

std::string Module(const std::string &plugin) { return ReadFile(directory + "/" + plugin + ".wasm"); }
std::string Code(const std::string &plugin) { return ReadFile(directory + "/" + plugin + ".section"); }

Face NullFace() {
  return {"null", [] { return proxy_wasm::createNullVm(); },
          [](const std::string &plugin) {
            const auto found = registered.find(plugin);
            CHECK(found != registered.end(), plugin);
            return found->second;
          }};
}

Face EngineFace() {
  return {"nullvm", [] { return nullvm::CreateEngine(); },
          [](const std::string &plugin) {
            return WithSection(Module(plugin), std::string(nullvm::PrecompiledSectionName()), Code(plugin));
          }};
}

// --- Tests ---------------------------------------------------------------------------------------------------------

void Compare(const Face &face, const std::vector<std::string> &expected) {
  const std::vector<std::string> found = RunScenarios(face, "");
  std::string title;
  for (size_t i = 0; i < std::max(found.size(), expected.size()); i++) {
    const std::string a = i < expected.size() ? expected[i] : "(nothing)";
    const std::string b = i < found.size() ? found[i] : "(nothing)";
    if (a.rfind("== ", 0) == 0) {
      title = a;
    }
    if (a != b) {
      for (size_t j = i > 4 ? i - 4 : 0; j < i; j++) {
        std::fprintf(stderr, "            %s\n", found[j].c_str());
      }
      Abort(face.name + ", line " + std::to_string(i + 1) + ", " + title + ":\n  expected: " + a + "\n  found:    " + b);
    }
  }
}

void TrapTexts(const Face &face) {
  Proxy proxy;
  Configured configured(proxy, face, "trap");
  auto handle = configured.Local();
  Stream stream(configured, handle);
  stream.With("x-trap", "oob");
  stream.RequestHeaders();
  const std::string wanted =
      "error: Function: proxy_on_request_headers failed: Uncaught RuntimeError: out of bounds memory access\n"
      "Proxy-Wasm plugin in-VM backtrace:\n  0:  0x";
  bool found = false;
  size_t errors = 0;
  for (const std::string &line : proxy.log.Take()) {
    found = found || line.rfind(wanted, 0) == 0;
    errors += line.rfind("error:", 0) == 0 ? 1 : 0;
  }
  CHECK(found, "the text of a trap");
  CHECK(errors == 1, "a trap is reported once");
  CHECK(proxy_wasm::current_context_ == nullptr, "no context stays behind");
}

// A thousand traps of each kind that the hardware raises, and stack overflows: nothing wears out.
void ManyTraps(const Face &face, Configured &configured, size_t count, const char *kind) {
  for (size_t i = 0; i < count; i++) {
    auto handle = configured.Local();
    CHECK(handle != nullptr, face.name);
    Stream stream(configured, handle);
    stream.With("x-trap", kind);
    CHECK(stream.RequestHeaders() == 4, kind);
    CHECK(proxy_wasm::current_context_ == nullptr, "no context stays behind");
  }
  auto handle = configured.Local();
  Stream stream(configured, handle);
  stream.RequestHeaders();
  stream.ResponseHeaders();
  CHECK(stream->Response("x-alive") == "1", "alive after traps");
}

void ThousandTraps(const Face &face) {
  Proxy proxy;
  Configured configured(proxy, face, "trap");
  CHECK(configured.ok(), "trap");
  ManyTraps(face, configured, 1000, "oob");
  // Threads as a proxy makes them: no signal stack of their own.
  std::vector<std::thread> workers;
  for (const char *kind : {"oob-write", "stack", "unreachable", "div"}) {
    workers.emplace_back([&configured, &face, kind] {
      ManyTraps(face, configured, 1000, kind);
    });
  }
  for (std::thread &worker : workers) {
    worker.join();
  }
  CHECK(proxy.log.Count("failed: Uncaught RuntimeError") == 5000, "five thousand traps");
}

void Workers(const Face &face) {
  Proxy proxy;
  Settings settings;
  settings.plugin_configuration = "header_1=value\n";
  Configured configured(proxy, face, "add_header", settings);
  CHECK(configured.ok(), "add_header");
  std::atomic<size_t> good{0};
  std::vector<std::thread> workers;
  for (int n = 0; n < 4; n++) {
    workers.emplace_back([&] {
      auto handle = configured.Local();
      CHECK(handle != nullptr, "a worker's plugin");
      for (int i = 0; i < 500; i++) {
        Stream stream(configured, handle);
        stream.RequestHeaders();
        stream.ResponseHeaders();
        good += stream->Response("header_1") == "value" ? 1 : 0;
      }
    });
  }
  for (std::thread &worker : workers) {
    worker.join();
  }
  CHECK(good == 2000, std::to_string(good));
}

// Factories run on workers at the same time, and VMs come and go.
void ManyVms(const Face &face) {
  Proxy proxy;
  Configured configured(proxy, face, "empty");
  CHECK(configured.ok(), "empty");
  std::vector<std::thread> workers;
  for (int n = 0; n < 8; n++) {
    workers.emplace_back([&] {
      for (int i = 0; i < 50; i++) {
        auto handle = configured.Local();
        CHECK(handle != nullptr, "a VM");
        Stream stream(configured, handle);
        CHECK(stream.RequestHeaders() == 0, "empty");
      }
    });
  }
  for (std::thread &worker : workers) {
    worker.join();
  }
}

// The end of a trap's call comes before its report, and the base VM serves the next worker.
void ReloadState(const Face &face) {
  Proxy proxy;
  Configured configured(proxy, face, "trap");
  auto handle = configured.Local();
  auto *failed = handle->wasm().get();
  FailState reported = FailState::Ok;
  handle->wasm()->wasm_vm()->addFailCallback([&](FailState state) {
    reported = state;
    CHECK(proxy_wasm::current_context_ == nullptr, "reported after the call");
  });
  Stream stream(configured, handle);
  stream.With("x-trap", "unreachable");
  stream.RequestHeaders();
  CHECK(reported == FailState::RuntimeError, "what Envoy reloads after");
  auto next = configured.Local();
  CHECK(next != nullptr && next->wasm().get() != failed, "another VM");
  // Streams of the failed VM stay failed, whatever else runs.
  CHECK(static_cast<int>(stream.ResponseHeaders()) == 4, "fails closed");
}

void Traces(const Face &face) {
  Proxy proxy;
  proxy.level = proxy_wasm::LogLevel::trace;
  Configured configured(proxy, face, "empty");
  auto handle = configured.Local();
  Stream stream(configured, handle);
  stream.RequestHeaders();
  const std::string id = std::to_string(stream->id());
  bool in = false, out = false;
  for (const std::string &line : proxy.log.Take()) {
    in = in || line == "trace: [host->vm] proxy_on_request_headers(" + id + ", 3, 1)";
    out = out || line == "trace: [host<-vm] proxy_on_request_headers return: 0";
  }
  CHECK(in && out, "entries are traced");
}

// The phases scenario up to its end: the allocator does what it must not.
void AllocatorPhase(const Face &face) {
  Proxy proxy;
  proxy.properties["value"] = "v";
  Configured configured(proxy, face, "phases");
  auto handle = configured.Local();
  Stream stream(configured, handle);
  CHECK(stream.RequestHeaders() == 0, "before");
  CHECK(stream.ResponseHeaders() == 4, "fails closed");
  CHECK(proxy.log.Count("restricted_callback") == 1, "the phase is named once");
  CHECK(proxy.log.Count("tick period") == 0, "the host was not asked");

  // The start section runs before there is a context: its calls are answered, with InternalFailure.
  Proxy proxy_of_start;
  Configured with_start(proxy_of_start, face, "start");
  CHECK(with_start.ok(), "start");
  auto started = with_start.Local();
  Stream stream_of_start(with_start, started);
  CHECK(stream_of_start.RequestHeaders() == 4, "the start section's status");
  CHECK(proxy_of_start.log.Count("started") == 0, "nobody to log for");

  Proxy other;
  Configured refused(other, face, "bad_init");
  CHECK(!refused.ok(), "initialisation calls what only callbacks may");
  CHECK(other.log.Count("restricted_callback") == 1, "named");
}

void NullOnly() {
  const Face face = NullFace();
  Proxy proxy;
  const Face unknown{"null", face.make_vm, [](const std::string &) { return std::string("add_header@000000000000"); }};
  CHECK(!Configured(proxy, unknown, "add_header").ok(), "another build's name");
  CHECK(proxy.log.Count("Failed to load NullVM plugin") == 1, "the host says so");
  // What the plugin does not export is null, whatever its type; so is what no plugin exports.
  auto vm = face.make_vm();
  vm->integration().reset(new Integration(proxy));
  CHECK(vm->load(face.code("empty"), {}, {}), "empty");
  proxy_wasm::WasmCallWord<3> word3;
  proxy_wasm::WasmCallVoid<3> void3;
  proxy_wasm::WasmCallWord<2> word2;
  proxy_wasm::WasmCallWord<0> word0;
  vm->getFunction("proxy_on_request_headers", &word3);
  vm->getFunction("proxy_on_request_headers", &word2);
  CHECK(word3 && !word2, "the type of ABI 0.2");
  vm->getFunction("proxy_on_request_headers", &void3);
  vm->getFunction("main", &word2);
  vm->getFunction("__main_void", &word0);
  CHECK(!void3 && !word2 && !word0, "other types, and what runs with _initialize");
  vm->getFunction("no_such_function", &word3);
  CHECK(!word3, "no such function");
  vm->getFunction("envoy_on_resolve_dns", &void3);
  CHECK(!void3, "not exported");
}

std::string Refusal(const Face &face, const std::string &code, bool allow_precompiled) {
  Proxy proxy;
  Settings settings;
  settings.allow_precompiled = allow_precompiled;
  const Face with{face.name, face.make_vm, [&](const std::string &) { return code; }};
  CHECK(!Configured(proxy, with, "add_header", settings).ok(), "loads although it must not");
  for (const std::string &line : proxy.log.Take()) {
    if (line.rfind("error: Failed to load the module into nullvm: ", 0) == 0) {
      return line;
    }
  }
  Abort("no reason given");
}

void Expect(const std::string &text, const std::string &part) {
  CHECK(text.find(part) != std::string::npos, "'" + part + "' is not in: " + text);
}

void EngineOnly() {
  const Face face = EngineFace();
  const std::string section(nullvm::PrecompiledSectionName());
  CHECK(section == "precompiled_nullvm_v1_x86_64-unknown-linux-gnu" || section == "precompiled_nullvm_v1_aarch64-unknown-linux-gnu",
        section);
  const std::string module = Module("add_header"), code = Code("add_header");
  Expect(Refusal(face, WithSection(module, section, code), false), "allow_precompiled");
  Expect(Refusal(face, module, true), "no section " + section);
  Expect(Refusal(face, WithSection(module, "precompiled_nullvm_v1_other", code), true), "no section " + section);
  Expect(Refusal(face, WithSection(module, section, "no code, whatever the section says"), true), "does not fit");
  std::string version = code;
  version[8] = 99;
  Expect(Refusal(face, WithSection(module, section, version), true), "version 99");
  Expect(Refusal(face, WithSection(module, section, code.substr(0, code.size() / 2)), true), "damaged");
  std::string changed = code;
  changed[changed.size() / 2] ^= 1;
  Expect(Refusal(face, WithSection(module, section, changed), true), "another hash");
  changed = code;
  changed.back() ^= 1;
  Expect(Refusal(face, WithSection(module, section, changed), true), "damaged");

  // Memory as the host's bindings see it: guest addresses, every access checked, words of 32 bits.
  Proxy proxy;
  Configured configured(proxy, face, "add_header");
  auto handle = configured.Local();
  WasmVm *vm = handle->wasm()->wasm_vm();
  const uint64_t size = vm->getMemorySize();
  CHECK(size > 0 && size % 65536 == 0, std::to_string(size));
  CHECK(vm->getEngineName() == "nullvm" && vm->usesWasmByteOrder() && vm->getWordSize() == 4, "what it says of itself");
  CHECK(vm->getMemory(size - 4, 4) && !vm->getMemory(size - 4, 5) && !vm->getMemory(UINT64_MAX, 2), "bounds");
  CHECK(vm->getMemory(size, 0) && !vm->getMemory(nullvm::kLentRoom, 1), "nothing is lent");
  proxy_wasm::Word word;
  const uint32_t pattern = 0xa1b2c3d4;
  CHECK(vm->setMemory(size - 4, 4, &pattern) && vm->getWord(size - 4, &word) && word.u64_ == pattern, "words");
  CHECK(vm->setWord(size - 8, proxy_wasm::Word(uint64_t{7})) && vm->getWord(size - 4, &word) && word.u64_ == pattern,
        "a word is 4 bytes");
  CHECK(!vm->setWord(size - 3, word) && !vm->getWord(size - 3, &word), "words at the edge");
  CHECK(!vm->serialize("anything"), "nothing to serialize");
  uint64_t address = 0;
  auto *data = static_cast<char *>(handle->wasm()->allocMemory(100, &address));
  CHECK(data != nullptr && vm->getMemory(address, 100)->data() == data, "the host allocates in the guest");
  vm->terminate();
  Stream stream(configured, handle);
  CHECK(stream.RequestHeaders() == 0, "nothing ran, so nothing was stopped");
}

}  // namespace
}  // namespace test

int main(int argc, char **argv) {
  using namespace test;
  CHECK(argc > 2, "adapter_test DIR EXPECTED NAME=REGISTERED...");
  directory = argv[1];
  const std::string expected_path = argv[2];
  for (int i = 3; i < argc; i++) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    registered[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const auto reversed = [](proxy_wasm::WasmBase &, std::string_view argument, std::function<void *(size_t)> allocate) {
    const std::string text(argument.rbegin(), argument.rend());
    std::copy(text.begin(), text.end(), static_cast<char *>(allocate(text.size())));
    return WasmResult::Ok;
  };
  const proxy_wasm::RegisterForeignFunction compress("compress", reversed);
  const proxy_wasm::RegisterForeignFunction uncompress("uncompress", reversed);
  // What nullvm_envoy.cc does in Envoy.
  nullvm::Guest::default_resolve_dns = ResolveDns;

  std::vector<std::string> expected;
  if (std::getenv("BLESS") != nullptr) {
    expected = RunScenarios(NullFace(), "");
    std::ofstream file(expected_path);
    for (const std::string &line : expected) {
      file << line << "\n";
    }
  } else {
    std::istringstream text(ReadFile(expected_path));
    for (std::string line; std::getline(text, line);) {
      expected.push_back(line);
    }
  }
  std::vector<Face> faces{NullFace(), EngineFace()};
#ifdef NULLVM_TEST_WASMTIME
  const Face wasmtime{"wasmtime", [] { return proxy_wasm::createWasmtimeVm({}); }, Module};
  if (std::getenv("NULLVM_TEST_PRINT_WASMTIME") != nullptr) {
    for (const std::string &line : RunScenarios(wasmtime, "")) {
      std::cout << line << "\n";
    }
    return 0;
  }
#endif
  for (const Face &face : faces) {
    const auto test = [&](const char *name, const std::function<void()> &run) {
      const auto start = std::chrono::steady_clock::now();
      run();
      const auto time = std::chrono::steady_clock::now() - start;
      std::printf("ok %s %s %.2f s\n", face.name.c_str(), name, std::chrono::duration<double>(time).count());
      std::fflush(stdout);
      proxy_wasm::clearWasmCachesForTesting();
    };
    test("scenarios", [&] { Compare(face, expected); });
    test("trap_texts", [&] { TrapTexts(face); });
    test("reload_state", [&] { ReloadState(face); });
    test("thousand_traps", [&] { ThousandTraps(face); });
    test("workers", [&] { Workers(face); });
    test("many_vms", [&] { ManyVms(face); });
    test("traces", [&] { Traces(face); });
    test("allocator_phase", [&] { AllocatorPhase(face); });
  }
  NullOnly();
  std::printf("ok null refusals\n");
  EngineOnly();
  std::printf("ok nullvm refusals\n");
  return 0;
}
