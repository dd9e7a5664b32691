//! How a product and a barcode stand in the arena.

use super::super::arena::{Arena, At};
use super::super::digest::SEPARATOR;

/// What is known of an external id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A product that can be used.
    Product,
    /// Barcodes came, and no product row so far.
    Unclaimed,
    /// Product rows came, and none can be used.
    Unreadable,
}

/// A product: eight bytes – the hash of its id, its state, how long its texts are – and the beginning of its line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub hash: u32,
    pub state: State,
    /// Id, name and price, each with a separator behind it.
    pub line: &'a [u8],
    id: usize,
    name: usize,
}

const HEAD: usize = 8;
const UNCLAIMED: u8 = 254;
const UNREADABLE: u8 = 255;

impl<'a> Record<'a> {
    /// Writes id, name and price. Their longest forms have 192, 3000 and 30 bytes.
    pub fn write(texts: &mut Arena, state: State, hash: u32, [id, name, price]: [&str; 3]) -> At {
        let short = |len: usize| u8::try_from(len).expect("a checked text");
        let last = match state {
            State::Product => short(price.len()),
            State::Unclaimed => UNCLAIMED,
            State::Unreadable => UNREADABLE,
        };
        let name_len = u16::try_from(name.len()).expect("a checked text").to_le_bytes();
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&hash.to_le_bytes());
        head[4..].copy_from_slice(&[short(id.len()), last, name_len[0], name_len[1]]);
        let end = &[SEPARATOR];
        texts.push(&[&head, id.as_bytes(), end, name.as_bytes(), end, price.as_bytes(), end])
    }

    pub fn read(texts: &'a Arena, at: At) -> Self {
        let bytes = texts.bytes(at);
        let (&[h0, h1, h2, h3, id, last, n0, n1], texts) = bytes.split_first_chunk::<HEAD>().expect("a whole record");
        let hash = u32::from_le_bytes([h0, h1, h2, h3]);
        let (id, name) = (usize::from(id), usize::from(u16::from_le_bytes([n0, n1])));
        let (state, price) = match last {
            UNCLAIMED => (State::Unclaimed, 0),
            UNREADABLE => (State::Unreadable, 0),
            len => (State::Product, usize::from(len)),
        };
        Self { hash, state, line: &texts[..id + name + price + 3], id, name }
    }

    pub fn id(&self) -> &'a str {
        text(self.id_bytes())
    }

    pub fn id_bytes(&self) -> &'a [u8] {
        &self.line[..self.id]
    }

    pub fn name(&self) -> &'a str {
        text(&self.line[self.id + 1..][..self.name])
    }

    /// Canonical decimal text; empty for NULL.
    pub fn price(&self) -> &'a str {
        let from = self.id + self.name + 2;
        text(&self.line[from..self.line.len() - 1])
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it was written as text")
}

/// A barcode in a list: where the next one is, its length, its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code<'a> {
    pub next: At,
    /// Its text, as bytes.
    pub bytes: &'a [u8],
}

impl<'a> Code<'a> {
    /// Writes a barcode of at most 192 bytes before the others of its product.
    pub fn write(texts: &mut Arena, code: &str, next: At) -> At {
        let len = u8::try_from(code.len()).expect("a checked text");
        texts.push(&[&next.number().to_le_bytes(), &[len], code.as_bytes()])
    }

    pub fn read(texts: &'a Arena, at: At) -> Self {
        let (&[n0, n1, n2, n3, len], text) = texts.bytes(at).split_first_chunk().expect("a whole record");
        Self { next: At::of(u32::from_le_bytes([n0, n1, n2, n3])), bytes: &text[..usize::from(len)] }
    }

    pub fn text(&self) -> &'a str {
        text(self.bytes)
    }

    /// Has another one follow.
    pub fn relink(texts: &mut Arena, at: At, next: At) {
        texts.bytes_mut(at)[..4].copy_from_slice(&next.number().to_le_bytes());
    }

    /// All barcodes of a list.
    pub fn list(texts: &'a Arena, first: At) -> impl Iterator<Item = Code<'a>> {
        let mut at = first;
        std::iter::from_fn(move || {
            (at != At::NONE).then(|| {
                let code = Self::read(texts, at);
                at = code.next;
                code
            })
        })
    }
}
