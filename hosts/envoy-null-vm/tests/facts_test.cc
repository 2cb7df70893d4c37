// The facts of stand_in/FACTS.md, on whichever host this is compiled with. No plugin of nullvmc, no adapter.
#include <cstring>

#include "include/proxy-wasm/null_vm_plugin.h"
#include "test_host.h"

namespace test {
namespace {

using proxy_wasm::NullVmPlugin;
using proxy_wasm::Word;

// What the plugins below saw.
struct Record {
  std::vector<std::string> asked, called;
  int factories = 0;
  bool context_when_asked = false, vm_in_constructor = false;
  std::vector<uint32_t> contexts_of_start;
  uint64_t answer = 0;
  uint64_t malloc_gives = 0;
  uint64_t malloc_size = 0, malloc_context = 0;
  int mallocs = 0;
  bool trap = false, stop = false, with_initialize = true, with_malloc = true;
};
Record record;

std::string Called() {
  std::string all;
  for (const std::string &name : record.called) {
    all += (all.empty() ? "" : " ") + name;
  }
  return all;
}

template <class R, class... Args>
void BindProbe(WasmVm *vm, std::string_view name, std::function<R(ContextBase *, Args...)> *function) {
  *function = nullptr;
  record.asked.emplace_back(name);
  record.context_when_asked = record.context_when_asked || proxy_wasm::current_context_ != nullptr;
  const std::string copy(name);
  if (copy == "malloc" || copy == "proxy_on_memory_allocate") {
    if constexpr (std::is_same<std::function<R(ContextBase *, Args...)>, proxy_wasm::WasmCallWord<1>>::value) {
      if (record.with_malloc) {
        *function = [](ContextBase *context, Word size) {
          record.mallocs++;
          record.malloc_size = size.u64_;
          record.malloc_context = context->id();
          return Word(record.malloc_gives);
        };
      }
    }
    return;
  }
  const bool start = copy == "_initialize" || copy == "main";
  if ((start && !record.with_initialize) || (!start && copy.rfind("proxy_on_", 0) != 0)) {
    return;
  }
  if constexpr (std::is_same<R, Word>::value || std::is_void<R>::value) {
    *function = [vm, copy, start](ContextBase *context, Args...) -> R {
      CHECK(proxy_wasm::current_context_ == nullptr, "F5: the host sets no context");
      record.called.push_back(copy);
      if (start) {
        record.contexts_of_start.push_back(context->id());
      }
      if (record.trap && copy == "proxy_on_request_headers") {
        vm->fail(FailState::RuntimeError, "trap");
      }
      if (record.stop && copy == "proxy_on_request_headers") {
        context->wasm()->stopNextIteration(true);
      }
      const bool result = copy == "proxy_on_vm_start" || copy == "proxy_on_configure" || copy == "proxy_on_done";
      if constexpr (!std::is_void<R>::value) {
        return R(result ? uint64_t{1} : record.answer);
      } else {
        static_cast<void>(result);
      }
    };
  }
}

struct Probe : NullVmPlugin {
  Probe() {
    record.factories++;
    record.vm_in_constructor = record.vm_in_constructor || wasm_vm_ != nullptr || proxy_wasm::current_context_ != nullptr;
  }
#define NULLVM_GET(_type) \
  void getFunction(std::string_view name, _type *function) override { BindProbe(wasm_vm_, name, function); }
  FOR_ALL_WASM_VM_EXPORTS(NULLVM_GET)
#undef NULLVM_GET
};
const proxy_wasm::RegisterNullVmPluginFactory probe("probe", [] { return std::make_unique<Probe>(); });

// An engine that does nothing but take notes.
struct NoteEngine : WasmVm {
  std::string_view getEngineName() override { return "notes"; }
  proxy_wasm::Cloneable cloneable() override { return proxy_wasm::Cloneable::CompiledBytecode; }
  std::unique_ptr<WasmVm> clone() override {
    auto copy = std::make_unique<NoteEngine>();
    copy->integration().reset(integration()->clone());
    return copy;
  }
  bool load(std::string_view, std::string_view precompiled, const std::unordered_map<uint32_t, std::string> &) override {
    record.called.push_back("load:" + std::string(precompiled));
    return true;
  }
  std::optional<std::string> serialize(std::string_view) override { return std::nullopt; }
  bool link(std::string_view) override {
    record.called.push_back("link");
    return true;
  }
  uint64_t getMemorySize() override { return 0; }
  std::optional<std::string_view> getMemory(uint64_t, uint64_t) override { return std::nullopt; }
  bool setMemory(uint64_t, uint64_t, const void *) override { return false; }
  bool getWord(uint64_t, Word *) override { return false; }
  bool setWord(uint64_t, Word) override { return false; }
  size_t getWordSize() override { return 4; }
  std::string_view getPrecompiledSectionName() override {
    record.called.push_back("section");
    return "precompiled_notes";
  }
#define NULLVM_GET(_type) \
  void getFunction(std::string_view name, _type *function) override { BindProbe(this, name, function); }
  FOR_ALL_WASM_VM_EXPORTS(NULLVM_GET)
#undef NULLVM_GET
#define NULLVM_REGISTER(_type)                                     \
  void registerCallback(std::string_view, std::string_view, _type, \
                        typename proxy_wasm::ConvertFunctionTypeWordToUint32<_type>::type) override {}
  FOR_ALL_WASM_VM_IMPORTS(NULLVM_REGISTER)
#undef NULLVM_REGISTER
  void terminate() override {}
  bool usesWasmByteOrder() override { return true; }
};

Face ProbeFace(const std::string &name = "probe") {
  return {"null", [] { return proxy_wasm::createNullVm(); }, [name](const std::string &) { return name; }};
}

bool Asked(const std::string &name) {
  return std::find(record.asked.begin(), record.asked.end(), name) != record.asked.end();
}

void Making() {
  Proxy proxy;
  const Face face = ProbeFace(), unknown = ProbeFace("nobody");
  CHECK(!Configured(proxy, unknown, "probe").ok() && proxy.log.Count("Failed to load NullVM plugin") == 1, "F1");

  record = {};
  Configured configured(proxy, face, "probe");
  CHECK(configured.ok(), "F2");
  CHECK(record.factories == 2 && !record.vm_in_constructor && !record.context_when_asked, "F2");
  CHECK(record.asked.front() == "_initialize" && Asked("main") && !Asked("_start"), "F3");
  CHECK(Asked("malloc") && !Asked("proxy_on_memory_allocate"), "F3");
  CHECK(Called() == "_initialize main proxy_on_context_create proxy_on_vm_start proxy_on_configure", "F4, F5, F15: " + Called());
  CHECK(record.contexts_of_start == std::vector<uint32_t>({0, 0}), "F4");
  CHECK(configured.base()->wasm()->abiVersion() == proxy_wasm::AbiVersion::ProxyWasm_0_2_1, "F6");
  CHECK(configured.base()->wasm()->capabilityAllowed("whatever"), "F19");
  record = {};
  auto handle = configured.Local();
  CHECK(record.factories == 1, "F2");
  CHECK(Called() == "proxy_on_context_create proxy_on_vm_start proxy_on_configure", "F4, F5: " + Called());

  record = {};
  record.with_initialize = false;
  Settings settings;
  settings.key_suffix = "2";
  Configured plain(proxy, face, "probe", settings);
  CHECK(Asked("_start") && !Asked("main"), "F3");
  record = {};
  record.with_malloc = false;
  settings.key_suffix = "3";
  Configured poor(proxy, face, "probe", settings);
  CHECK(Asked("proxy_on_memory_allocate") && !poor.ok(), "F3");
}

void Answers() {
  Proxy proxy;
  const Face face = ProbeFace();
  record = {};
  Configured configured(proxy, face, "probe");
  auto handle = configured.Local();
  const auto answers = [&](uint64_t given, int headers, int data, int trailers) {
    Stream stream(configured, handle);
    record.answer = given;
    CHECK(stream.RequestHeaders() == headers && stream.ResponseHeaders() == headers, "F8 " + std::to_string(given));
    CHECK(stream.RequestBody("", true) == data, "F8 " + std::to_string(given));
    CHECK(static_cast<int>(stream->onRequestTrailers(0)) == trailers, "F8 " + std::to_string(given));
    record.answer = 0;
  };
  answers(0, 0, 0, 0);
  answers(1, 4, 1, 1);
  answers(3, 3, 3, 1);
  answers(77, 4, 3, 1);
  Stream stream(configured, handle);
  record.stop = true;
  CHECK(stream.RequestHeaders() == 4, "F9");
  record.stop = false;
  CHECK(stream.RequestHeaders() == 0, "F9");
}

void Failing() {
  for (const bool open : {false, true}) {
    Proxy proxy;
    const Face face = ProbeFace();
    record = {};
    Settings settings;
    settings.fail_open = open;
    Configured configured(proxy, face, "probe", settings);
    auto handle = configured.Local();
    auto *before = handle->wasm().get();
    Stream stream(configured, handle);
    record.trap = true;
    CHECK(stream.RequestHeaders() == (open ? 0 : 4), "F7");
    record.trap = false;
    CHECK(stream.ResponseHeaders() == (open ? 0 : 4), "F7");
    const std::vector<std::string> closed = open ? std::vector<std::string>{} : std::vector<std::string>{"fail 0", "fail 1"};
    CHECK(stream->closed == closed, "F7");
    auto next = configured.Local();
    CHECK(next->wasm().get() != before && !configured.base()->wasm()->isFailed(), "F7");
    proxy_wasm::clearWasmCachesForTesting();
  }
}

void Memory() {
  Proxy proxy;
  const Face face = ProbeFace();
  record = {};
  Configured configured(proxy, face, "probe");
  auto handle = configured.Local();
  auto *wasm = handle->wasm().get();
  char room[64] = "";
  record.malloc_gives = reinterpret_cast<uintptr_t>(room);
  uint64_t address = 0;
  CHECK(wasm->allocMemory(10, &address) == room && address == record.malloc_gives, "F10");
  CHECK(record.malloc_size == 10 && record.malloc_context == 0 && record.mallocs == 1, "F10");
  uint64_t words[2] = {1, UINT64_MAX};
  BufferInterface *buffer;
  Stream stream(configured, handle);
  stream->buffers[0] = "0123456789";
  buffer = stream->getBuffer(WasmBufferType::HttpRequestBody);
  CHECK(buffer->copyTo(wasm, 2, 5, reinterpret_cast<uintptr_t>(&words[0]), reinterpret_cast<uintptr_t>(&words[1])) == WasmResult::Ok,
        "F18");
  CHECK(record.mallocs == 2 && record.malloc_size == 5 && std::memcmp(room, "23456", 5) == 0, "F18");
  CHECK(words[0] == record.malloc_gives && words[1] == 5, "F11, F18");
  record.malloc_gives = 0;
  CHECK(wasm->allocMemory(10, &address) == nullptr && !wasm->isFailed(), "F10");
}

void Contexts() {
  Proxy proxy;
  const Face face = ProbeFace();
  record = {};
  Settings settings;
  for (const char *name : {"proxy_on_context_create", "proxy_on_vm_start", "proxy_on_configure"}) {
    settings.capabilities[name] = {};
  }
  Configured configured(proxy, face, "probe", settings);
  auto handle = configured.Local();
  record.called.clear();
  Stream first(configured, handle), second(configured, handle);
  first.RequestHeaders();
  CHECK(Called() == "proxy_on_context_create proxy_on_context_create" && !Asked("proxy_on_request_headers"), "F12: " + Called());
  ContextBase *one = &*first, *two = &*second;
  {
    const proxy_wasm::SaveRestoreContext outer(one);
    CHECK(proxy_wasm::exports::set_effective_context(Word(uint64_t{two->id()})).u32() == 0, "F14");
    CHECK(proxy_wasm::contextOrEffectiveContext() == two, "F14");
    CHECK(proxy_wasm::exports::set_effective_context(Word(uint64_t{9999})).u32() == 2, "F14");
    {
      const proxy_wasm::SaveRestoreContext inner(one);
      CHECK(proxy_wasm::contextOrEffectiveContext() == one, "F13");
    }
    CHECK(proxy_wasm::contextOrEffectiveContext() == two, "F13");
  }
  CHECK(proxy_wasm::current_context_ == nullptr, "F13");
}

void Engines() {
  // The header of a module, an export `proxy_abi_version_0_2_1` of a function, and the section.
  const std::string name = "proxy_abi_version_0_2_1", section = "precompiled_notes";
  std::string module("\0asm\1\0\0\0", 8);
  module += std::string("\1\4\1\x60\0\0", 6) + std::string("\3\2\1\0", 4);
  module += std::string("\7") + static_cast<char>(name.size() + 4) + '\1' + static_cast<char>(name.size()) + name + std::string("\0\0", 2);
  module += std::string("\12\4\1\2\0\13", 6);
  module += '\0' + std::string(1, static_cast<char>(section.size() + 8)) + static_cast<char>(section.size()) + section + "content";
  const Face face{"notes", [] { return std::make_unique<NoteEngine>(); }, [&](const std::string &) { return module; }};
  for (const bool allowed : {true, false}) {
    Proxy proxy;
    record = {};
    Settings settings;
    settings.allow_precompiled = allowed;
    Configured configured(proxy, face, "notes", settings);
    CHECK(configured.ok(), "F16");
    const std::string start = "link _initialize main ";
    const std::string loaded = allowed ? "section load:content " : "load: ";
    CHECK(Called() == loaded + start + start + "proxy_on_context_create proxy_on_vm_start proxy_on_configure", "F16, F17: " + Called());
    record.called.clear();
    auto handle = configured.Local();
    CHECK(Called() == start + "proxy_on_context_create proxy_on_vm_start proxy_on_configure", "F17: " + Called());
    handle.reset();
    proxy_wasm::clearWasmCachesForTesting();
  }
}

}  // namespace
}  // namespace test

int main() {
  using namespace test;
  for (const auto &run : {Making, Answers, Failing, Memory, Contexts, Engines}) {
    run();
    proxy_wasm::clearWasmCachesForTesting();
  }
  std::printf("ok facts\n");
  return 0;
}
