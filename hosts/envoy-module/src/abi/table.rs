//! Tables of callbacks, filled with what the running Envoy has.

use core::ffi::{CStr, c_void};

const PREFIX: &str = "envoy_dynamic_module_callback_";

/// A callback of Envoy's by its name; null if this Envoy does not have it.
pub(super) fn find(name: &str) -> *mut c_void {
    let Ok(symbol) = std::ffi::CString::new(format!("{PREFIX}{name}")) else { return core::ptr::null_mut() };
    let symbol: &CStr = &symbol;
    // SAFETY: a NUL-terminated name.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, symbol.as_ptr()) }
}

/// Declares a table: the callbacks without which nothing of it can be used, and those without which something is missing.
macro_rules! callbacks {
    (
        $(#[$doc:meta])*
        $table:ident
        required { $( fn $name:ident($($arg:ident: $ty:ty),*) $(-> $result:ty)?; )* }
        optional { $( fn $opt:ident($($oarg:ident: $oty:ty),*) $(-> $oresult:ty)?; )* }
    ) => {
        $(#[$doc])*
        /// Each field is the callback of the same name.
        #[allow(missing_docs)]
        pub struct $table {
            $( pub $name: unsafe extern "C" fn($($arg: $ty),*) $(-> $result)?, )*
            $( pub $opt: Option<unsafe extern "C" fn($($oarg: $oty),*) $(-> $oresult)?>, )*
        }

        impl $table {
            /// # Safety
            /// `find` gives null or a function of that name with Envoy's signature.
            unsafe fn load(find: impl Fn(&str) -> *mut core::ffi::c_void) -> Result<Self, Vec<&'static str>> {
                let missing: Vec<&'static str> =
                    [$(stringify!($name)),*].into_iter().filter(|name| find(name).is_null()).collect();
                if !missing.is_empty() {
                    return Err(missing);
                }
                // SAFETY: the caller's promise; `Option` of a function pointer takes null as none.
                unsafe {
                    Ok(Self {
                        $( $name: core::mem::transmute::<
                            *mut core::ffi::c_void, unsafe extern "C" fn($($ty),*) $(-> $result)?>(
                            find(stringify!($name))), )*
                        $( $opt: core::mem::transmute::<
                            *mut core::ffi::c_void, Option<unsafe extern "C" fn($($oty),*) $(-> $oresult)?>>(
                            find(stringify!($opt))), )*
                    })
                }
            }

            fn missing(&self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $( if self.$opt.is_none() { names.push(stringify!($opt)); } )*
                names
            }
        }
    };
}
pub(super) use callbacks;

/// Declares a table that is looked up when the first configuration of its kind is loaded: modules that have none pay
/// nothing, and an Envoy without these callbacks refuses that configuration only.
macro_rules! family_callbacks {
    ($(#[$doc:meta])* $table:ident for $what:literal $($rest:tt)*) => {
        super::table::callbacks! { $(#[$doc])* $table $($rest)* }

        static TABLE: std::sync::OnceLock<Result<$table, Vec<&'static str>>> = std::sync::OnceLock::new();

        impl $table {
            /// Looks the callbacks up.
            ///
            /// # Errors
            /// What this Envoy lacks.
            pub fn require() -> Result<&'static Self, String> {
                let table = TABLE.get_or_init(|| {
                    // SAFETY: symbols of these names are Envoy's, which keeps the signatures of released callbacks.
                    let table = unsafe { Self::load(super::table::find) };
                    if let Ok(table) = &table {
                        let missing = table.missing();
                        if !missing.is_empty() {
                            crate::log::line(
                                crate::log::Level::Warn,
                                format!("nullvm: {}: this Envoy does not offer {}: what depends on it is not there",
                                    $what, missing.join(", ")).as_bytes(),
                            );
                        }
                    }
                    table
                });
                table.as_ref().map_err(|missing| {
                    format!("this Envoy cannot run {} in a module: it does not offer {}", $what, missing.join(", "))
                })
            }

            /// A table of what `find` gives, which stays for good.
            #[cfg(test)]
            #[allow(dead_code, reason = "not every table has tests that need a fake")]
            pub fn for_tests(find: impl Fn(&str) -> *mut core::ffi::c_void) -> &'static Self {
                // SAFETY: tests give functions of these signatures.
                let table = unsafe { Self::load(find) };
                Box::leak(Box::new(table.unwrap_or_else(|missing| panic!("{missing:?}"))))
            }

            /// The callbacks, if [`Self::require`] found them.
            pub fn get() -> Option<&'static Self> {
                TABLE.get()?.as_ref().ok()
            }
        }
    };
}
pub(super) use family_callbacks;
