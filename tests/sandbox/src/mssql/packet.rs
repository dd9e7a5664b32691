//! TDS packets and the messages they make up (MS-TDS 2.2.3): an eight-byte header, at most the negotiated size.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Packet types (MS-TDS 2.2.3.1.1).
pub(super) mod kind {
    pub const BATCH: u8 = 0x01;
    pub const RPC: u8 = 0x03;
    pub const RESPONSE: u8 = 0x04;
    pub const ATTENTION: u8 = 0x06;
    pub const TRANSACTION: u8 = 0x0e;
    pub const LOGIN7: u8 = 0x10;
    pub const PRELOGIN: u8 = 0x12;
}

pub(super) const HEADER: usize = 8;
/// What both sides assume until LOGIN7 has settled another size.
pub(super) const DEFAULT_SIZE: usize = 4096;
const END_OF_MESSAGE: u8 = 0x01;
/// Status "ignore this event": the client gave up a request that it had begun to send.
const IGNORE: u8 = 0x02;
/// A batch longer than this is a client gone wrong.
const MESSAGE_LIMIT: usize = 64 << 20;

/// Reads packets up to the end of a message; `None` when the peer has closed between messages.
pub(super) async fn read_message<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut message = Vec::new();
    let mut first = true;
    loop {
        let mut header = [0u8; HEADER];
        match stream.read_exact(&mut header).await {
            Ok(_) => {}
            Err(error) if first && error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        first = false;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if length < HEADER || message.len() + length > MESSAGE_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a TDS packet"));
        }
        let at = message.len();
        message.resize(at + length - HEADER, 0);
        stream.read_exact(&mut message[at..]).await?;
        if header[1] & END_OF_MESSAGE == 0 {
            continue;
        }
        if header[1] & IGNORE != 0 {
            message.clear();
            first = true;
            continue;
        }
        return Ok(Some((header[0], message)));
    }
}

/// Cuts an answer into packets of the negotiated size.
#[derive(Debug)]
pub(super) struct PacketWriter {
    /// The size of a packet, header included.
    pub size: usize,
    /// The session's id, as in `@@SPID`.
    pub spid: u16,
    pending: Vec<u8>,
    number: u8,
}

impl PacketWriter {
    pub fn new(spid: u16) -> Self {
        Self { size: DEFAULT_SIZE, spid, pending: Vec::new(), number: 1 }
    }

    /// Adds bytes to the message and sends what fills packets; the rest stays until [`PacketWriter::finish`].
    pub async fn write<S: AsyncWrite + Unpin>(&mut self, stream: &mut S, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        let room = self.size - HEADER;
        // Always keep some bytes for the last packet: an empty one is not allowed.
        let full = self.pending.len().saturating_sub(1) / room;
        if full > 0 {
            let mut wire = Vec::with_capacity(full * self.size);
            for chunk in self.pending[..full * room].chunks(room) {
                self.number = push_packet(&mut wire, chunk, 0, self.spid, self.number);
            }
            self.pending.drain(..full * room);
            stream.write_all(&wire).await?;
        }
        Ok(())
    }

    /// Sends the last packet of the message.
    pub async fn finish<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<()> {
        self.write(stream, &[]).await?;
        let mut wire = Vec::with_capacity(self.pending.len() + HEADER);
        push_packet(&mut wire, &self.pending, END_OF_MESSAGE, self.spid, self.number);
        self.pending.clear();
        self.number = 1;
        stream.write_all(&wire).await?;
        stream.flush().await
    }

    /// Sends what is pending as a packet that does not end the message (before a stall or a cut).
    pub async fn flush_partial<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<()> {
        self.write(stream, &[]).await?;
        if !self.pending.is_empty() {
            let mut wire = Vec::new();
            self.number = push_packet(&mut wire, &self.pending, 0, self.spid, self.number);
            self.pending.clear();
            stream.write_all(&wire).await?;
        }
        stream.flush().await
    }
}

fn push_packet(wire: &mut Vec<u8>, payload: &[u8], status: u8, spid: u16, number: u8) -> u8 {
    wire.extend([kind::RESPONSE, status]);
    wire.extend(((payload.len() + HEADER) as u16).to_be_bytes());
    wire.extend(spid.to_be_bytes());
    wire.extend([number, 0]);
    wire.extend_from_slice(payload);
    number.wrapping_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_long_message_is_cut_and_joined_again() {
        for length in [1usize, 503, 504, 505, 1008, 5000] {
            let body: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut wire = Vec::new();
            let mut writer = PacketWriter::new(51);
            writer.size = 512;
            writer.write(&mut wire, &body).await.unwrap();
            writer.finish(&mut wire).await.unwrap();
            assert_eq!(wire.len(), length + length.div_ceil(504) * HEADER);
            let (kind, got) = read_message(&mut wire.as_slice()).await.unwrap().unwrap();
            assert_eq!((kind, got), (kind::RESPONSE, body));
        }
    }
}
