//! The end of a websocket that the router has to close: "going away" (RFC 6455, 7.4.1), at a place where it is understood.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, ReadBuf};

use super::frames::Frames;

/// A close frame with the code 1001.
const GOING_AWAY: &[u8] = &[0x88, 0x02, 0x03, 0xe9];

/// What an instance says to the client of a websocket, ended once the router leaves.
#[derive(Debug)]
pub(super) struct Farewell {
    frames: Frames,
    /// What has yet to be said of [`GOING_AWAY`].
    unsaid: &'static [u8],
    /// The instance is no longer listened to.
    begun: bool,
}

impl Default for Farewell {
    fn default() -> Self {
        Self { frames: Frames::default(), unsaid: GOING_AWAY, begun: false }
    }
}

impl Farewell {
    /// What the instance said before it was listened to here.
    pub fn follow(&mut self, bytes: &[u8]) {
        self.frames.follow(bytes);
    }

    /// Reads what the instance says; when `leaving`, up to the end of the frame that it has begun, then the farewell, then
    /// nothing more. An instance that has said its own farewell is left to it.
    pub fn poll_read(
        &mut self,
        instance: Pin<&mut impl AsyncRead>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        leaving: bool,
    ) -> Poll<io::Result<()>> {
        if self.begun || (leaving && self.frames.is_between() && !self.frames.is_closed()) {
            self.begun = true;
            let (now, later) = self.unsaid.split_at(self.unsaid.len().min(buf.remaining()));
            buf.put_slice(now);
            self.unsaid = later;
            return Poll::Ready(Ok(()));
        }
        let start = buf.filled().len();
        let polled = instance.poll_read(cx, buf);
        let read = &buf.filled()[start..];
        if leaving && !self.frames.is_closed() {
            let end = start + self.frames.advance(read);
            buf.set_filled(end);
        } else {
            self.frames.follow(read);
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::AsyncReadExt;

    use super::*;

    /// What the client gets when the router leaves after it has read `before`, `after` comes then, and there is room for
    /// `room` bytes at a time.
    fn told(before: &[u8], after: &[u8], room: usize) -> Vec<u8> {
        let mut farewell = Farewell::default();
        farewell.follow(before);
        let mut instance = after.chain(tokio::io::empty());
        let (mut told, mut cx) = (before.to_vec(), Context::from_waker(Waker::noop()));
        loop {
            let mut space = vec![0; room];
            let mut buf = ReadBuf::new(&mut space);
            let polled = farewell.poll_read(Pin::new(&mut instance), &mut cx, &mut buf, true);
            assert!(matches!(polled, Poll::Ready(Ok(()))));
            if buf.filled().is_empty() {
                return told;
            }
            told.extend_from_slice(buf.filled());
        }
    }

    #[test]
    fn it_is_said_between_two_frames() {
        for room in [1, 3, 100] {
            assert_eq!(told(b"", b"\x81\x02hi", room), GOING_AWAY);
            assert_eq!(told(b"\x81\x02hi", b"\x81\x02ho", room), [b"\x81\x02hi", GOING_AWAY].concat());
            assert_eq!(told(b"\x81\x02h", b"i\x81\x02ho", room), [b"\x81\x02hi", GOING_AWAY].concat());
        }
    }

    #[test]
    fn it_is_not_said_twice() {
        assert_eq!(told(b"\x88\x00", b"", 100), b"\x88\x00");
        assert_eq!(told(b"\x88\x02\x03", b"\xe8", 100), b"\x88\x02\x03\xe8");
    }

    #[test]
    fn an_instance_that_ends_within_a_frame_ends_the_connection() {
        assert_eq!(told(b"\x81\x02", b"h", 100), b"\x81\x02h");
    }
}
