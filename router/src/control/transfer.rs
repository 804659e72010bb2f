//! Lines and descriptors over a unix socket. Blocking: both sides set timeouts on the socket.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};

use super::LONGEST_LINE;

/// The most descriptors that the kernel passes at once.
const MOST_DESCRIPTORS: usize = 253;

/// Sends a line, without its end, together with descriptors.
pub(super) fn send(stream: &UnixStream, line: &str, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "more sockets than can be passed at once"));
    }
    let bytes = [line.as_bytes(), b"\n"].concat();
    let sent = rustix::net::sendmsg(stream, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    io::Write::write_all(&mut &*stream, &bytes[sent..])
}

/// Receives a line, without its end, and the descriptors that came with it.
pub(super) fn receive(stream: &UnixStream) -> io::Result<(String, Vec<OwnedFd>)> {
    let mut line = Vec::new();
    let mut descriptors = Vec::new();
    while !line.ends_with(b"\n") {
        let mut piece = [0; 4096];
        let received = receive_piece(stream, &mut piece, &mut descriptors)?;
        line.extend_from_slice(&piece[..received]);
        if received == 0 || line.len() > LONGEST_LINE {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    line.pop();
    let line = String::from_utf8(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok((line, descriptors))
}

fn receive_piece(stream: &UnixStream, piece: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let iov = &mut [IoSliceMut::new(piece)];
    let received = rustix::net::recvmsg(stream, iov, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    Ok(received.bytes)
}
