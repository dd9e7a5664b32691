//! libFuzzer's door to [`erpsync_fuzz::config`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| erpsync_fuzz::config::check(data));
