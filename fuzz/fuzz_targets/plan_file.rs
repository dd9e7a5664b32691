//! libFuzzer's door to [`erpsync_fuzz::plan_file`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| erpsync_fuzz::plan_file::check(data));
