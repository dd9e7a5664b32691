//! The forms in which a secret may turn up in a text.

use std::collections::BTreeSet;

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..=three.len() {
            out.push(char::from(LETTERS[(word >> (18 - 6 * i) & 63) as usize]));
        }
    }
    out
}

/// The secret as it is, as in a URL, in JSON, in Rust's debug output, and in base64 at each of the three places where it may
/// stand among other bytes.
pub fn of(secret: &str) -> BTreeSet<String> {
    let percent = |upper: bool, keep: fn(u8) -> bool| -> String {
        let put = |b: u8| match (keep(b), upper) {
            (true, _) => char::from(b).to_string(),
            (false, true) => format!("%{b:02X}"),
            (false, false) => format!("%{b:02x}"),
        };
        secret.bytes().map(put).collect()
    };
    let json = serde_json::to_string(secret).unwrap();
    let ascii: String =
        secret.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }).collect();
    let debug = format!("{secret:?}");
    let mut out = BTreeSet::from([
        secret.to_owned(),
        percent(true, |b| b.is_ascii_alphanumeric()),
        percent(false, |b| b.is_ascii_alphanumeric()),
        percent(true, |b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)),
        percent(true, |b| b.is_ascii_alphanumeric() || b"-_.~;='!*()".contains(&b)),
        json[1..json.len() - 1].to_owned(),
        debug[1..debug.len() - 1].to_owned(),
        ascii,
    ]);
    for before in 0..3 {
        let padded = [vec![b'x'; before], secret.as_bytes().to_vec()].concat();
        let whole = base64(&padded);
        // What depends on the neighbours is cut off at both ends.
        let (begin, end) = ((before * 8).div_ceil(6), (padded.len() * 8) / 6);
        out.insert(whole[begin..end].to_owned());
    }
    out
}

#[test]
fn base64_at_any_place_is_found() {
    assert_eq!(base64(b"Man"), "TWFu");
    for text in ["login:s3cret-word", "xlogin:s3cret-word!", "xxlogin:s3cret-word!!"] {
        let encoded = base64(text.as_bytes());
        assert!(of("s3cret-word").iter().any(|form| encoded.contains(form)), "{text} {encoded}");
    }
}
