#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| owproto_fuzz::client_connection::check(data));
