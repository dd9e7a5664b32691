//! TLS inside TDS: the handshake travels in PRELOGIN packets, what follows is bare (MS-TDS 3.2.5.2).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::packet::{HEADER, kind};

/// A TCP stream that wraps what is written into PRELOGIN packets, and unwraps what is read, until
/// [`PreloginStream::handshake_done`].
#[derive(Debug)]
pub(super) struct PreloginStream {
    tcp: TcpStream,
    wrapping: bool,
    header: [u8; HEADER],
    header_read: usize,
    body_left: usize,
    /// Payload that waits for a flush; one flight of the handshake is one packet.
    flight: Vec<u8>,
    wire: Vec<u8>,
    sent: usize,
}

impl PreloginStream {
    pub fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            wrapping: true,
            header: [0; HEADER],
            header_read: 0,
            body_left: 0,
            flight: Vec::new(),
            wire: Vec::new(),
            sent: 0,
        }
    }

    /// From now on bytes pass as they are.
    pub fn handshake_done(&mut self) {
        self.wrapping = false;
    }

    pub fn into_tcp(self) -> TcpStream {
        self.tcp
    }

    fn poll_send_flight(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.wire.is_empty() && !self.flight.is_empty() {
            for chunk in self.flight.chunks(4096 - HEADER) {
                let last = chunk.as_ptr_range().end == self.flight.as_ptr_range().end;
                self.wire.extend([kind::PRELOGIN, u8::from(last)]);
                self.wire.extend(((chunk.len() + HEADER) as u16).to_be_bytes());
                self.wire.extend([0, 0, 0, 0]);
                self.wire.extend_from_slice(chunk);
            }
            self.flight.clear();
        }
        while self.sent < self.wire.len() {
            let written = ready!(Pin::new(&mut self.tcp).poll_write(cx, &self.wire[self.sent..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += written;
        }
        self.wire.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for PreloginStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.wrapping && this.body_left == 0 {
            return Pin::new(&mut this.tcp).poll_read(cx, buf);
        }
        while this.body_left == 0 {
            let mut header = ReadBuf::new(&mut this.header[this.header_read..]);
            ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut header))?;
            let read = header.filled().len();
            if read == 0 {
                return Poll::Ready(Ok(()));
            }
            this.header_read += read;
            if this.header_read == HEADER {
                let length = usize::from(u16::from_be_bytes([this.header[2], this.header[3]]));
                if this.header[0] != kind::PRELOGIN || length < HEADER {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "the client left the TLS handshake",
                    )));
                }
                this.body_left = length - HEADER;
                this.header_read = 0;
            }
        }
        let mut chunk = [0u8; 4096];
        let room = this.body_left.min(buf.remaining()).min(chunk.len());
        let mut part = ReadBuf::new(&mut chunk[..room]);
        ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buf.put_slice(part.filled());
        this.body_left -= read;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for PreloginStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.wrapping {
            this.flight.extend_from_slice(buf);
            return Poll::Ready(Ok(buf.len()));
        }
        Pin::new(&mut this.tcp).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send_flight(cx))?;
        Pin::new(&mut this.tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send_flight(cx))?;
        Pin::new(&mut this.tcp).poll_shutdown(cx)
    }
}
