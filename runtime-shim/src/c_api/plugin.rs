//! Plugins in C.

use super::{Message, ResultCode, check_null};
use crate::bundle::{self, BundleError};
use crate::image::{Image, ImageError};
use crate::plugin::{LoadError, Plugin};
use alloc::sync::Arc;
use core::ffi::c_char;
use plugin_abi::{CALLBACKS, FormatError, MetaError, PluginDescriptor};

fn load_code(error: LoadError) -> ResultCode {
    match error {
        LoadError::Version(_) | LoadError::Meta(MetaError::Version(_)) => ResultCode::VersionMismatch,
        LoadError::System(_) => ResultCode::System,
        _ => ResultCode::BadPlugin,
    }
}

fn image_code(error: &ImageError) -> ResultCode {
    match error {
        ImageError::Version { .. } => ResultCode::VersionMismatch,
        ImageError::CpuFeature(_) => ResultCode::CpuFeature,
        ImageError::System(_) => ResultCode::NoMemory,
        _ => ResultCode::BadPlugin,
    }
}

fn section_code(error: &BundleError) -> ResultCode {
    match error {
        BundleError::Format(FormatError::Version(..)) => ResultCode::VersionMismatch,
        BundleError::Format(_) | BundleError::IndexHash => ResultCode::BadPlugin,
        // The highest level stands first; what the last one lacks is what the processor lacks at least.
        BundleError::NothingFits(all) => all.last().map_or(ResultCode::BadPlugin, |(_, e)| image_code(e)),
        BundleError::Image(error) => image_code(error),
    }
}

/// Loads a plugin that was linked in: `&nullvm_plugin_<name>`. `message` may be NULL; on failure it receives a line of text.
/// The plugin is shared by any number of instances and threads.
///
/// # Safety
/// `descriptor` is one that nullvmc wrote; `plugin` is writable; `message` has `message_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_plugin_load(
    descriptor: *const PluginDescriptor,
    plugin: *mut *const Plugin,
    message: *mut c_char,
    message_size: usize,
) -> ResultCode {
    check_null!(descriptor, plugin);
    // SAFETY: the caller's promise; a descriptor is constant data of the program.
    unsafe {
        match Plugin::from_descriptor(&*descriptor) {
            Ok(loaded) => *plugin = Arc::into_raw(loaded),
            Err(error) => {
                Message::new(message, message_size).write(error);
                return load_code(error);
            }
        }
    }
    ResultCode::Ok
}

/// Loads a plugin in the image form. The bytes are copied and may go afterwards. They are code: the caller has checked where
/// they come from (signature); that they are what was written is checked here, by the image's own hash. `message` may be NULL; on
/// failure it receives a line of text.
///
/// # Safety
/// `bytes` has `len` readable bytes; `plugin` is writable; `message` has `message_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_plugin_load_image(
    bytes: *const u8,
    len: usize,
    plugin: *mut *const Plugin,
    message: *mut c_char,
    message_size: usize,
) -> ResultCode {
    check_null!(bytes, plugin);
    // SAFETY: the caller's promise.
    unsafe {
        let image = Image::map(core::slice::from_raw_parts(bytes, len)).map_err(|e| (image_code(&e), e));
        loaded(image, plugin, Message::new(message, message_size))
    }
}

/// Loads a plugin out of a bundle: `bytes` is what the module's custom section `precompiled_nullvm_v1_<target triple>` holds, of
/// whose images the one that makes most of this processor is taken. Otherwise as nullvm_plugin_load_image.
///
/// # Safety
/// `bytes` has `len` readable bytes; `plugin` is writable; `message` has `message_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_plugin_load_section(
    bytes: *const u8,
    len: usize,
    plugin: *mut *const Plugin,
    message: *mut c_char,
    message_size: usize,
) -> ResultCode {
    check_null!(bytes, plugin);
    // SAFETY: the caller's promise.
    unsafe {
        let image = bundle::map(core::slice::from_raw_parts(bytes, len)).map_err(|e| (section_code(&e), e));
        loaded(image, plugin, Message::new(message, message_size))
    }
}

/// # Safety
/// `plugin` is writable.
unsafe fn loaded<E: core::fmt::Display>(
    image: Result<Image, (ResultCode, E)>,
    plugin: *mut *const Plugin,
    mut message: Message,
) -> ResultCode {
    let image = match image {
        Ok(image) => image,
        Err((code, error)) => {
            message.write(error);
            return code;
        }
    };
    match Plugin::from_image(image) {
        Ok(loaded) => {
            // SAFETY: the caller's promise.
            unsafe { *plugin = Arc::into_raw(loaded) };
            ResultCode::Ok
        }
        Err(error) => {
            message.write(error);
            load_code(error)
        }
    }
}

/// Gives a plugin back. Its instances keep what they need; NULL does nothing.
///
/// # Safety
/// `plugin` is NULL or was loaded and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_plugin_free(plugin: *const Plugin) {
    if !plugin.is_null() {
        // SAFETY: the caller's promise: this is the reference that loading gave.
        drop(unsafe { Arc::from_raw(plugin) });
    }
}

/// Whether the plugin exports a callback (`nullvm_callback_t`).
///
/// # Safety
/// `plugin` is loaded; `exported` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_plugin_exports(
    plugin: *const Plugin,
    callback: u32,
    exported: *mut bool,
) -> ResultCode {
    check_null!(plugin, exported);
    let Some(callback) = CALLBACKS.get(callback as usize) else { return ResultCode::BadArgument };
    // SAFETY: the caller's promise.
    unsafe { *exported = (*plugin).exports(callback.id) };
    ResultCode::Ok
}

/// The ABI version that the plugin declares: 0 none, 1 for 0.1.0, 2 for 0.2.0, 3 for 0.2.1, 4 for 0.2.100.
///
/// # Safety
/// `plugin` is loaded; `abi` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_plugin_abi(plugin: *const Plugin, abi: *mut u32) -> ResultCode {
    check_null!(plugin, abi);
    // SAFETY: the caller's promise.
    unsafe { *abi = (*plugin).abi() as u32 };
    ResultCode::Ok
}

/// Appends the plugin's functions to `/tmp/perf-<pid>.map` for `perf`. Of use for the image form only.
///
/// # Safety
/// `plugin` is loaded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nullvm_plugin_write_perf_map(plugin: *const Plugin) -> ResultCode {
    check_null!(plugin);
    // SAFETY: the caller's promise.
    match unsafe { (*plugin).write_perf_map() } {
        Ok(()) => ResultCode::Ok,
        Err(_) => ResultCode::System,
    }
}
