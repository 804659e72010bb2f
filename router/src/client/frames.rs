//! Where the frames of a websocket begin and end (RFC 6455, 5.2): only between two of them can a third be put.
//!
//! Pure, and as cheap as it can be: of a frame its head is read, which is ten bytes at most; the rest is counted. Nothing
//! is judged. What the two ends have agreed upon, compression too, does not change how a frame is framed.

/// The bits of the first byte that say what a frame is.
const OPCODE: u8 = 0x0f;
const CLOSE: u8 = 0x8;
/// In the second byte: a key of four bytes follows the length.
const MASKED: u8 = 0x80;
const KEY: u64 = 4;

/// Follows one direction of a websocket, from its first byte on.
#[derive(Debug, Default)]
pub(super) struct Frames {
    state: State,
    /// The end of the conversation has been announced.
    closed: bool,
}

#[derive(Debug)]
enum State {
    Head(Head),
    /// Bytes of the frame that are yet to come; never zero.
    Rest(u64),
}

/// What has come of a frame's head, as far as its length goes.
#[derive(Debug, Default)]
struct Head {
    bytes: [u8; 10],
    filled: usize,
}

impl Default for State {
    fn default() -> Self {
        Self::Head(Head::default())
    }
}

impl Frames {
    /// Reads on, though not past the end of a frame. Answers how many bytes were read.
    pub fn advance(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let left = match &mut self.state {
                State::Head(head) => {
                    head.push(bytes[at]);
                    at += 1;
                    let Some(rest) = head.rest() else { continue };
                    self.closed |= head.closes();
                    rest
                }
                State::Rest(rest) => {
                    let here = usize::try_from(*rest).unwrap_or(usize::MAX).min(bytes.len() - at);
                    at += here;
                    *rest - here as u64
                }
            };
            if left == 0 {
                self.state = State::default();
                return at;
            }
            self.state = State::Rest(left);
        }
        at
    }

    /// Reads it all.
    pub fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let read = self.advance(bytes);
            bytes = &bytes[read..];
        }
    }

    /// Whether another frame could be put here.
    pub fn is_between(&self) -> bool {
        matches!(&self.state, State::Head(head) if head.filled == 0)
    }

    /// Whether the last frame has been: nothing may follow it.
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}

impl Head {
    fn push(&mut self, byte: u8) {
        self.bytes[self.filled] = byte;
        self.filled += 1;
    }

    /// How much follows what is here, once that is known.
    fn rest(&self) -> Option<u64> {
        let (second, long) = (self.bytes[1], &self.bytes[2..]);
        let length = match (self.filled, second & !MASKED) {
            (2, short @ ..126) => u64::from(short),
            (4, 126) => u64::from(u16::from_be_bytes([long[0], long[1]])),
            (10, 127) => long.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
            _ => return None,
        };
        Some(if second & MASKED == 0 { length } else { length.saturating_add(KEY) })
    }

    fn closes(&self) -> bool {
        self.bytes[0] & OPCODE == CLOSE
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::{
        FrameHeader,
        coding::{Control, Data, OpCode},
    };

    use super::Frames;

    /// Places within `bytes` after which another frame could be put, when they come in pieces of these sizes.
    fn ends(bytes: &[u8], mut sizes: impl Iterator<Item = usize>) -> Vec<usize> {
        let (mut frames, mut found, mut at) = (Frames::default(), Vec::new(), 0);
        while at < bytes.len() {
            let end = bytes.len().min(at + sizes.next().unwrap_or(usize::MAX));
            while at < end {
                at += frames.advance(&bytes[at..end]);
                if frames.is_between() {
                    found.push(at);
                }
            }
        }
        found
    }

    #[test]
    fn frames_end_where_their_length_says() {
        assert_eq!(ends(b"\x81\x05hello\x89\x00\x88\x02\x03\xe9", std::iter::empty()), [7, 9, 13]);
        assert_eq!(ends(b"\x81\x85keys12345\x81\x80keys\x81\x01", std::iter::repeat(1)), [11, 17]);
        assert_eq!(ends(&[&b"\x82\x7e\x01\x00"[..], &[0; 256]].concat(), std::iter::repeat(7)), [260]);
        assert_eq!(
            ends(&[&b"\x82\x7f\0\0\0\0\0\x01\0\0"[..], &vec![0; 65536]].concat(), std::iter::repeat(99)),
            [65546]
        );
    }

    #[test]
    fn a_frame_without_end_is_none_that_ends() {
        let mut frames = Frames::default();
        frames.follow(b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff");
        frames.follow(&[0; 1000]);
        assert!(!frames.is_between() && !frames.is_closed());
    }

    #[test]
    fn a_farewell_is_noticed() {
        let mut frames = Frames::default();
        frames.follow(b"\x81\x01\x88\x01\x02\x03\xe8");
        assert!(!frames.is_closed());
        frames.follow(b"\x88\x00");
        assert!(frames.is_closed() && frames.is_between());
    }

    fn header() -> impl Strategy<Value = (FrameHeader, u64)> {
        let opcodes = [
            OpCode::Data(Data::Continue),
            OpCode::Data(Data::Text),
            OpCode::Data(Data::Binary),
            OpCode::Control(Control::Close),
            OpCode::Control(Control::Ping),
        ];
        let length = prop_oneof![0..130u64, Just(65535), Just(65536), 126..70_000u64];
        let header =
            |(opcode, is_final, rsv1, mask)| FrameHeader { is_final, rsv1, opcode, mask, ..FrameHeader::default() };
        let head = (prop::sample::select(opcodes.to_vec()), any::<bool>(), any::<bool>(), any::<Option<[u8; 4]>>());
        (head.prop_map(header), length)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever tungstenite frames is followed, in whatever pieces it comes.
        #[test]
        fn agrees_with_tungstenite(headers in prop::collection::vec(header(), 1..6),
                                   sizes in prop::collection::vec(1..5000usize, 1..20)) {
            let (mut bytes, mut wanted) = (Vec::new(), Vec::new());
            for (header, length) in &headers {
                header.format(*length, &mut bytes).unwrap();
                bytes.extend(vec![0x88; usize::try_from(*length).unwrap()]);
                wanted.push(bytes.len());
            }
            prop_assert_eq!(ends(&bytes, sizes.into_iter().cycle()), wanted);
            let mut frames = Frames::default();
            frames.follow(&bytes);
            let closes = headers.iter().any(|(header, _)| header.opcode == OpCode::Control(Control::Close));
            prop_assert_eq!(frames.is_closed(), closes);
        }
    }
}
