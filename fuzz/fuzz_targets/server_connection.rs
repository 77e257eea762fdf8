#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| owproto_fuzz::server_connection::check(data));
