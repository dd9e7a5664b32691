//! libFuzzer's door to [`erpsync_fuzz::tds_rows`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| erpsync_fuzz::tds_rows::check(data));
