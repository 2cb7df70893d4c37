//! The C API as a C program uses it: NULL everywhere, outputs on success only, texts that fit and texts that do not.

mod common;
use common::Build;
use core::ffi::{c_char, c_void};
use core::ptr::{null, null_mut};
use nullvm_shim::c_api::{instance::*, interrupt::*, limits::CLimits, memory::*, plugin::*, *};
use nullvm_shim::host::{Bytes, HostTable, Pair, Pairs};
use nullvm_shim::{Instance, Value};
use plugin_abi::CallbackId;

fn limits(deadline_ms: u32) -> CLimits {
    CLimits {
        size: size_of::<CLimits>(),
        max_memory_bytes: 0,
        stack_size: 0,
        deadline_ms,
        max_table_elements: 0,
    }
}

#[test]
fn a_life_in_c() {
    unsafe {
        let mut plugin = null();
        assert_eq!(
            nullvm_plugin_load(Build::default().descriptor(), &mut plugin, null_mut(), 0),
            ResultCode::Ok
        );
        let (mut exported, mut abi) = (false, 0);
        assert_eq!(nullvm_plugin_exports(plugin, CallbackId::OnTick as u32, &mut exported), ResultCode::Ok);
        assert_eq!(nullvm_plugin_exports(plugin, 4711, &mut exported), ResultCode::BadArgument);
        assert_eq!(nullvm_plugin_abi(plugin, &mut abi), ResultCode::Ok);
        assert_eq!((exported, abi), (true, 3));

        let mut instance = null_mut();
        // A host of an older header: only its first functions count.
        let host = HostTable { size: 2 * size_of::<usize>(), ..HostTable::EMPTY };
        let new = |host: &HostTable, limits: *const CLimits, out: &mut *mut Instance| {
            nullvm_instance_new(plugin, host, null_mut(), limits, out, null_mut(), 0)
        };
        assert_eq!(new(&host, &limits(0), &mut instance), ResultCode::Ok);
        // The instance keeps the plugin.
        nullvm_plugin_free(plugin);

        let key = Pair { key: Bytes::new(b"HOME"), value: Bytes::new(b"/") };
        assert_eq!(nullvm_instance_set_environment(instance, Pairs { data: &key, len: 1 }), ResultCode::Ok);
        assert_eq!((*instance).state().environment, [b"HOME=/".to_vec()]);
        let names = [Bytes::new(b"proxy_log")];
        assert_eq!(nullvm_instance_allow_capabilities(instance, names.as_ptr(), 1), ResultCode::Ok);
        assert_eq!(nullvm_instance_start(instance), ResultCode::Ok);

        let mut result = 0;
        let id = CallbackId::OnRequestHeaders as u32;
        assert_eq!(nullvm_instance_call(instance, id, [1, 2, 3].as_ptr(), 3, &mut result), ResultCode::Ok);
        assert_eq!(result, 6);
        assert_eq!(
            nullvm_instance_call(instance, id, [1, 2].as_ptr(), 2, &mut result),
            ResultCode::BadArgument
        );
        assert_eq!(nullvm_instance_call(instance, id, null(), 3, &mut result), ResultCode::NullArgument);
        assert_eq!(nullvm_instance_call(instance, 4711, null(), 0, &mut result), ResultCode::BadArgument);
        let absent = CallbackId::OnLog as u32;
        assert_eq!(
            nullvm_instance_call(instance, absent, [1].as_ptr(), 1, &mut result),
            ResultCode::NotExported
        );
        assert_eq!(result, 6, "written on success only");
        let mut values = [Value::from_u32(4); 3];
        assert_eq!(
            nullvm_instance_invoke(instance, c"f_sum".as_ptr(), values.as_mut_ptr(), 3),
            ResultCode::Ok
        );
        assert_eq!(values[0].u32(), 12);

        let (mut size, mut data, mut address) = (0, null_mut(), 0);
        assert_eq!(nullvm_instance_memory_size(instance, &mut size), ResultCode::Ok);
        assert_eq!(nullvm_instance_memory(instance, 131072, 1, &mut data), ResultCode::OutOfBounds);
        assert!(data.is_null());
        assert_eq!(nullvm_instance_memory(instance, 16, 4, &mut data), ResultCode::Ok);
        assert_eq!((size, core::slice::from_raw_parts(data, 4)), (131072, &b"key!"[..]));
        assert_eq!(nullvm_instance_allocate(instance, 10, &mut address), ResultCode::Ok);
        assert_eq!(address, 1024);

        let mut handle = null_mut();
        assert_eq!(nullvm_interrupt_handle_new(instance, &mut handle), ResultCode::Ok);
        let (mut code, mut failed, mut len) = (99, true, 99);
        assert_eq!(nullvm_instance_trap_code(instance, &mut code), ResultCode::Ok);
        assert_eq!(nullvm_instance_failed(instance, &mut failed), ResultCode::Ok);
        assert_eq!(nullvm_instance_trap_message(instance, null_mut(), 0, &mut len), ResultCode::Ok);
        assert_eq!((code, failed, len), (0, false, 0));
        let trapping = CallbackId::OnNewConnection as u32;
        assert_eq!(nullvm_instance_call(instance, trapping, [1].as_ptr(), 1, null_mut()), ResultCode::Trap);
        assert_eq!(nullvm_instance_call(instance, trapping, [1].as_ptr(), 1, null_mut()), ResultCode::Failed);
        assert_eq!(nullvm_instance_start(instance), ResultCode::Failed);
        assert_eq!(nullvm_instance_allocate(instance, 10, &mut address), ResultCode::Failed);
        assert_eq!(nullvm_instance_trap_code(instance, &mut code), ResultCode::Ok);
        assert_eq!(nullvm_instance_failed(instance, &mut failed), ResultCode::Ok);
        assert_eq!((code, failed), (1, true));
        for size in [1, 2, 30, 400] {
            let mut text = [0x7fu8; 401];
            let at = text.as_mut_ptr().cast::<c_char>();
            assert_eq!(nullvm_instance_trap_message(instance, at, size, &mut len), ResultCode::Ok);
            let whole = (*instance).trap_message().unwrap();
            assert_eq!(len, whole.len());
            let n = len.min(size - 1);
            assert_eq!((&text[..n], text[n], text[size]), (&whole.as_bytes()[..n], 0, 0x7f));
        }
        nullvm_instance_free(instance);
        assert_eq!(nullvm_instance_interrupt(handle), ResultCode::Ok);
        nullvm_interrupt_handle_free(handle);
    }
}

#[test]
fn errors_have_codes_and_texts() {
    unsafe {
        let mut plugin = null();
        let mut message = [0 as c_char; 200];
        let room = message.len();
        let at = message.as_mut_ptr();
        let text = || core::ffi::CStr::from_ptr(at).to_str().unwrap();
        assert_eq!(nullvm_plugin_load_image(b"x".as_ptr(), 1, &mut plugin, at, room), ResultCode::BadPlugin);
        assert_eq!(text(), "not a nullvm image");
        assert!(plugin.is_null());
        let flags = common::GUARD & !plugin_abi::FLAG_INTERRUPTIBLE;
        let descriptor = Build { flags, ..Build::default() }.descriptor();
        let mut old = core::ptr::read(descriptor);
        old.version = 99;
        let old = Box::leak(Box::new(old));
        assert_eq!(nullvm_plugin_load(old, &mut plugin, at, room), ResultCode::VersionMismatch);
        assert!(text().contains("version 99"));
        assert_eq!(nullvm_plugin_load(descriptor, &mut plugin, at, room), ResultCode::Ok);
        let mut instance = null_mut();
        let mut new = |limits: &CLimits| {
            nullvm_instance_new(plugin, &HostTable::EMPTY, null_mut(), limits, &mut instance, at, room)
        };
        assert_eq!(new(&limits(5)), ResultCode::NotInterruptible);
        assert!(text().contains("--interruptible"));
        assert_eq!(new(&CLimits { max_memory_bytes: 65536, ..limits(0) }), ResultCode::Limit);
        assert!(text().contains("memory limit"));
        // A structure of an older header.
        assert_eq!(new(&CLimits { size: 8, max_memory_bytes: 1, ..limits(5) }), ResultCode::Ok);
        nullvm_instance_free(instance);
        nullvm_plugin_free(plugin);
    }
}

#[test]
fn null_is_noticed() {
    const NULL: ResultCode = ResultCode::NullArgument;
    let (instance, plugin): (*mut Instance, *const nullvm_shim::Plugin) = (null_mut(), null());
    unsafe {
        nullvm_plugin_free(null());
        nullvm_instance_free(null_mut());
        nullvm_interrupt_handle_free(null_mut());
        assert_eq!(nullvm_plugin_load(null(), null_mut(), null_mut(), 0), NULL);
        assert_eq!(nullvm_plugin_load_image(null(), 0, null_mut(), null_mut(), 0), NULL);
        assert_eq!(nullvm_plugin_load_section(null(), 0, null_mut(), null_mut(), 0), NULL);
        assert_eq!(nullvm_plugin_exports(plugin, 0, null_mut()), NULL);
        assert_eq!(nullvm_plugin_abi(plugin, null_mut()), NULL);
        assert_eq!(nullvm_plugin_write_perf_map(plugin), NULL);
        let host: *mut c_void = null_mut();
        assert_eq!(nullvm_instance_new(plugin, null(), host, null(), null_mut(), null_mut(), 0), NULL);
        assert_eq!(nullvm_instance_start(instance), NULL);
        assert_eq!(nullvm_instance_call(instance, 0, null(), 0, null_mut()), NULL);
        assert_eq!(nullvm_instance_invoke(instance, null(), null_mut(), 0), NULL);
        assert_eq!(nullvm_instance_failed(instance, null_mut()), NULL);
        assert_eq!(nullvm_instance_trap_code(instance, null_mut()), NULL);
        assert_eq!(nullvm_instance_trap_message(instance, null_mut(), 0, null_mut()), NULL);
        assert_eq!(nullvm_instance_set_environment(instance, Pairs::EMPTY), NULL);
        assert_eq!(nullvm_instance_allow_capabilities(instance, null(), 0), NULL);
        assert_eq!(nullvm_instance_memory_size(instance, null_mut()), NULL);
        assert_eq!(nullvm_instance_memory(instance, 0, 0, null_mut()), NULL);
        assert_eq!(nullvm_instance_allocate(instance, 0, null_mut()), NULL);
        assert_eq!(nullvm_interrupt_handle_new(instance, null_mut()), NULL);
        assert_eq!(nullvm_instance_interrupt(null()), NULL);
    }
}
