#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| owproto_fuzz::request_decoder::check(data));
