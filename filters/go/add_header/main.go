// The tutorial filter in Go without an SDK: same configuration, headers, metric and log lines as ../../rust/add_header.
package main

import (
	"strconv"
	"strings"
	"unsafe"
)

const (
	logInfo uint32 = 2
	logWarn uint32 = 3

	requestHeaders  uint32 = 0
	responseHeaders uint32 = 2

	pluginConfiguration uint32 = 7
	counterMetric       uint32 = 0

	statusOk       uint32 = 0
	actionContinue uint32 = 0
)

//go:wasmimport env proxy_log
func proxyLog(level uint32, message string) uint32

//go:wasmimport env proxy_get_buffer_bytes
func proxyGetBufferBytes(buffer, start, maxSize uint32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_get_header_map_value
func proxyGetHeaderMapValue(headers uint32, key string, value, size unsafe.Pointer) uint32

//go:wasmimport env proxy_add_header_map_value
func proxyAddHeaderMapValue(headers uint32, key string, value string) uint32

//go:wasmimport env proxy_define_metric
func proxyDefineMetric(kind uint32, name string, metric unsafe.Pointer) uint32

//go:wasmimport env proxy_increment_metric
func proxyIncrementMetric(metric uint32, offset int64) uint32

type header struct{ key, value string }

type root struct {
	headers []header
	counter uint32
	counts  bool
}

type stream struct {
	root            *root
	requestHeaders  uint32
	responseHeaders uint32
}

var (
	roots   = map[uint32]*root{}
	streams = map[uint32]*stream{}

	// What the host allocated and we have not read yet: keeps the collector away from it.
	allocated = map[uint32][]byte{}
)

// number is decimal text: package fmt would make the module half a megabyte larger.
func number(value uint32) string { return strconv.FormatUint(uint64(value), 10) }

// take hands over what the host put into memory that it got from malloc.
func take(address, size uint32) string {
	block, known := allocated[address]
	delete(allocated, address)
	if !known || size > uint32(len(block)) {
		return ""
	}
	return string(block[:size])
}

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

//go:wasmexport malloc
func malloc(size uint32) uint32 {
	block := make([]byte, max(size, 1))
	address := uint32(uintptr(unsafe.Pointer(&block[0])))
	allocated[address] = block
	return address
}

//go:wasmexport proxy_on_context_create
func onContextCreate(context, parent uint32) {
	if parent == 0 {
		roots[context] = &root{}
	} else {
		streams[context] = &stream{root: roots[parent]}
	}
}

//go:wasmexport proxy_on_vm_start
func onVMStart(_, size uint32) uint32 {
	proxyLog(logInfo, "on_vm_start: "+number(size)+" bytes of configuration")
	return 1
}

//go:wasmexport proxy_on_configure
func onConfigure(context, size uint32) uint32 {
	var address, length uint32
	var text string
	status := proxyGetBufferBytes(pluginConfiguration, 0, size, unsafe.Pointer(&address), unsafe.Pointer(&length))
	if status == statusOk {
		text = take(address, length)
	}
	r := roots[context]
	r.headers = nil
	for index, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found {
			proxyLog(logWarn, "line "+strconv.Itoa(index+1)+" ignored: no '=' in it")
			continue
		}
		r.headers = append(r.headers, header{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	proxyLog(logInfo, "on_configure: "+strconv.Itoa(len(r.headers))+" headers to add")
	if !r.counts {
		r.counts = proxyDefineMetric(counterMetric, "hello_header_counter", unsafe.Pointer(&r.counter)) == statusOk
	}
	return 1
}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(context, count, _ uint32) uint32 {
	proxyLog(logInfo, "on_http_request_headers: "+number(count)+" headers")
	s := streams[context]
	s.requestHeaders = count
	if s.root.counts {
		var address, length uint32
		status := proxyGetHeaderMapValue(requestHeaders, "hello", unsafe.Pointer(&address), unsafe.Pointer(&length))
		if status == statusOk {
			take(address, length)
			proxyIncrementMetric(s.root.counter, 1)
		}
	}
	return actionContinue
}

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(context, count, _ uint32) uint32 {
	proxyLog(logInfo, "on_http_response_headers: "+number(count)+" headers")
	s := streams[context]
	s.responseHeaders = count
	for _, h := range s.root.headers {
		proxyAddHeaderMapValue(responseHeaders, h.key, h.value)
	}
	proxyAddHeaderMapValue(responseHeaders, "x-wasm-filter", "nullvm")
	return actionContinue
}

//go:wasmexport proxy_on_log
func onLog(context uint32) {
	if s := streams[context]; s != nil {
		proxyLog(logInfo, "on_log: "+number(s.requestHeaders)+" request headers, "+number(s.responseHeaders)+" response headers")
	}
}

//go:wasmexport proxy_on_done
func onDone(_ uint32) uint32 { return 1 }

//go:wasmexport proxy_on_delete
func onDelete(context uint32) {
	delete(streams, context)
	delete(roots, context)
}

// Never runs: the module is a reactor, the host calls _initialize and then the exports.
func main() {}
