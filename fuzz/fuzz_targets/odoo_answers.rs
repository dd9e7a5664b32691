//! libFuzzer's door to [`erpsync_fuzz::odoo_answers`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| erpsync_fuzz::odoo_answers::check(data));
