#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| nullvm_fuzz::bundle(bytes));
