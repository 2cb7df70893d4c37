//! Contexts: what a plugin's number for "this stream" or "this root" stands for.

pub mod http;
pub mod root;
pub mod tcp;

use crate::config::PluginConfig;
use crate::metrics::ConfigMetrics;
use std::sync::Arc;

/// A context of the guest. That of an HTTP stream fits in one line of the processor's cache: every hook of every stream touches it.
#[derive(Debug)]
#[repr(align(64))]
pub struct Context {
    /// Its root context's number; its own for a root context.
    pub root: u32,
    /// The configured plugin that it belongs to.
    pub plugin: PluginRef,
    /// What kind it is, and that kind's state.
    pub kind: Kind,
}

const _: () = assert!(size_of::<Context>() == 64);

/// Kinds of contexts.
#[derive(Debug)]
pub enum Kind {
    /// One per configured plugin and VM.
    Root(Box<root::Root>),
    /// An HTTP stream.
    Http(http::Http),
    /// A TCP stream.
    Tcp(Box<tcp::Tcp>),
    /// None any more: a place for the next one.
    Gone,
}

/// The plugin of a context. Its root context keeps it alive, and outlives the contexts of its streams: counting references would
/// cost every stream two atomic operations on one word that all workers share.
#[derive(Clone, Copy, Debug)]
pub struct PluginRef(core::ptr::NonNull<PluginInfo>);

impl PluginRef {
    /// Of a plugin that its root context keeps.
    pub fn new(plugin: &Arc<PluginInfo>) -> Self {
        Self(core::ptr::NonNull::from(&**plugin))
    }

    /// Whether it is this one.
    pub fn is(self, plugin: &Arc<PluginInfo>) -> bool {
        core::ptr::eq(self.0.as_ptr(), Arc::as_ptr(plugin))
    }
}

impl core::ops::Deref for PluginRef {
    type Target = PluginInfo;

    #[inline]
    fn deref(&self) -> &PluginInfo {
        // SAFETY: kept alive by the root context, see above.
        unsafe { self.0.as_ref() }
    }
}

/// A context's place in memory, the same for its whole life: [`crate::vm::state::State`] remembers where the last one is.
#[derive(Debug)]
pub struct Owned(core::ptr::NonNull<Context>);

impl Owned {
    /// Puts a context there.
    pub fn new(context: Context) -> Self {
        Self(core::ptr::NonNull::from(Box::leak(Box::new(context))))
    }

    /// Where it is.
    #[inline]
    pub fn as_ptr(&self) -> *mut Context {
        self.0.as_ptr()
    }
}

impl core::ops::Deref for Owned {
    type Target = Context;

    #[inline]
    fn deref(&self) -> &Context {
        // SAFETY: ours.
        unsafe { self.0.as_ref() }
    }
}

impl core::ops::DerefMut for Owned {
    #[inline]
    fn deref_mut(&mut self) -> &mut Context {
        // SAFETY: ours.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: came from a box, and is dropped once.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// A configured plugin, as all its contexts know it. One per configuration in Envoy.
#[derive(Debug)]
pub struct PluginInfo {
    /// What the operator wrote.
    pub config: PluginConfig,
    /// What precedes the message in the plugin's log lines: ` name root_id vm_id`, each where it is not empty.
    pub log_prefix: String,
    /// How this configuration's metrics are known to Envoy.
    pub metrics: ConfigMetrics,
    /// The way to the main thread.
    pub main: crate::main_thread::Mailbox,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Context, Kind, Owned, PluginRef};

    /// A place with no context, told from others by a number.
    pub(crate) fn context(root: u32) -> Owned {
        Owned::new(Context { root, plugin: PluginRef(core::ptr::NonNull::dangling()), kind: Kind::Gone })
    }
}
