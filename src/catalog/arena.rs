//! Bytes that stay: written once, one record behind the other, found again by a number of 32 bits.

/// One mebibyte; no record is larger.
const CHUNK: usize = 1 << 20;
/// Records begin at multiples of this, so that 32 bits reach 16 GiB.
const UNIT: usize = 4;
const PER_CHUNK: u32 = (CHUNK / UNIT) as u32;

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At(u32);

impl At {
    /// Nowhere.
    pub const NONE: Self = Self(u32::MAX);

    pub const fn number(self) -> u32 {
        self.0
    }

    pub const fn of(number: u32) -> Self {
        Self(number)
    }
}

#[derive(Debug, Default)]
pub(super) struct Arena {
    chunks: Vec<Vec<u8>>,
}

impl Arena {
    /// Writes the parts one behind the other.
    ///
    /// # Panics
    /// When a record is larger than a chunk, which no checked text is, or the whole has more than 16 GiB.
    pub fn push(&mut self, parts: &[&[u8]]) -> At {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        assert!(len <= CHUNK, "a record of {len} bytes");
        if self.chunks.last().is_none_or(|chunk| chunk.len() + len > CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let number = self.chunks.len() - 1;
        let chunk = &mut self.chunks[number];
        let at =
            u32::try_from(number).ok().and_then(|n| n.checked_mul(PER_CHUNK)).filter(|at| *at < u32::MAX - PER_CHUNK);
        let at =
            At(at.expect("texts of more than 16 GiB") + u32::try_from(chunk.len() / UNIT).expect("within a chunk"));
        for part in parts {
            chunk.extend_from_slice(part);
        }
        chunk.resize(chunk.len().next_multiple_of(UNIT).min(CHUNK), 0);
        at
    }

    /// Everything from here to the end of the chunk.
    pub fn bytes(&self, at: At) -> &[u8] {
        let chunk = &self.chunks[(at.0 / PER_CHUNK) as usize];
        &chunk[(at.0 % PER_CHUNK) as usize * UNIT..]
    }

    /// The same, to be changed.
    pub fn bytes_mut(&mut self, at: At) -> &mut [u8] {
        let chunk = &mut self.chunks[(at.0 / PER_CHUNK) as usize];
        &mut chunk[(at.0 % PER_CHUNK) as usize * UNIT..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_again() {
        let mut arena = Arena::default();
        let texts: Vec<Vec<u8>> = (0..5_000_u32).map(|n| n.to_string().repeat(n as usize % 400).into_bytes()).collect();
        let places: Vec<At> = texts.iter().map(|text| arena.push(&[b"<", text, b">"])).collect();
        assert!(arena.chunks.len() > 2);
        for (text, at) in texts.iter().zip(places) {
            let found = arena.bytes(at);
            assert!(found[0] == b'<' && found[1..].starts_with(text) && found[text.len() + 1] == b'>');
        }
    }
}
