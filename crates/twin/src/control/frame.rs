//! Frames: how the outer process, PID 1 and the programs talk. A fixed header, then JSON that only the two ends read.

use std::io::{self, Read, Write};

/// The longest body of a frame. A packet matrix from one host at 100 bytes a packet stays under a tenth of it, and a
/// damaged length must not make its reader take all memory.
pub(crate) const MAX_BODY: usize = 64 << 20;

/// Bytes before the body: its length, the question's number, the addressee and the kind, big-endian.
const HEADER: usize = 4 + 8 + 2 + 1;

/// The addressee that is PID 1 itself. All others are positions in the ordered list of hosts.
pub(crate) const PID_1: u16 = u16::MAX;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A question.
    Request,
    /// What it was answered.
    Answer,
    /// The one asked was there, but could not do it; the body is a text.
    Refusal,
    /// The one asked is no more; the body is a text.
    Gone,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The question's number, which its answer repeats.
    pub(crate) id: u64,
    /// Who is asked.
    pub(crate) to: u16,
    /// What it is.
    pub(crate) kind: Kind,
    /// JSON.
    pub(crate) body: Vec<u8>,
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// The stream failed, or ended within a frame.
    #[error("move a frame")]
    Stream(#[from] io::Error),
    /// Longer than [`MAX_BODY`].
    #[error("carry {0} bytes in one frame: the limit is {MAX_BODY}")]
    TooLong(usize),
    /// Not a kind of frame.
    #[error("read a frame: there is no kind {0}")]
    Kind(u8),
}

impl Frame {
    /// The frame as it goes over a stream.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, FrameError> {
        let length = u32::try_from(self.body.len())
            .ok()
            .filter(|_| self.body.len() <= MAX_BODY)
            .ok_or(FrameError::TooLong(self.body.len()))?;
        let mut bytes = Vec::with_capacity(HEADER + self.body.len());
        bytes.extend(length.to_be_bytes());
        bytes.extend(self.id.to_be_bytes());
        bytes.extend(self.to.to_be_bytes());
        bytes.push(self.kind.to_byte());
        bytes.extend(&self.body);
        Ok(bytes)
    }

    /// Writes the frame and waits until the stream has taken it.
    pub(crate) fn write(&self, stream: &mut impl Write) -> Result<(), FrameError> {
        Ok(stream.write_all(&self.encode()?)?)
    }

    /// Waits for a frame, and reads not one byte beyond it; none when the stream has ended between two frames.
    pub(crate) fn read(stream: &mut impl Read) -> Result<Option<Self>, FrameError> {
        let mut first = [0; 1];
        loop {
            match stream.read(&mut first) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut header = [0; HEADER];
        header[0] = first[0];
        stream.read_exact(&mut header[1..])?;
        let (length, mut frame) = Self::open(header)?;
        // Grows as bytes come, so that a header alone takes no memory.
        stream.take(length as u64).read_to_end(&mut frame.body)?;
        if frame.body.len() < length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(Some(frame))
    }

    /// The length of the body that follows a header, and the frame without it.
    fn open(header: [u8; HEADER]) -> Result<(usize, Self), FrameError> {
        let [l0, l1, l2, l3, i0, i1, i2, i3, i4, i5, i6, i7, t0, t1, kind] = header;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if length > MAX_BODY {
            return Err(FrameError::TooLong(length));
        }
        let frame = Self {
            id: u64::from_be_bytes([i0, i1, i2, i3, i4, i5, i6, i7]),
            to: u16::from_be_bytes([t0, t1]),
            kind: Kind::from_byte(kind)?,
            body: Vec::new(),
        };
        Ok((length, frame))
    }
}

impl Kind {
    const ALL: [Self; 4] = [Self::Request, Self::Answer, Self::Refusal, Self::Gone];

    fn to_byte(self) -> u8 {
        match self {
            Self::Request => 0,
            Self::Answer => 1,
            Self::Refusal => 2,
            Self::Gone => 3,
        }
    }

    fn from_byte(byte: u8) -> Result<Self, FrameError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.to_byte() == byte)
            .ok_or(FrameError::Kind(byte))
    }
}

/// Frames out of a stream that gives its bytes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    /// Takes what has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// All frames that are complete.
    pub(crate) fn frames(&mut self) -> Result<Vec<Frame>, FrameError> {
        let mut frames = Vec::new();
        let mut start = 0;
        while let Some((header, rest)) = self.bytes[start..].split_first_chunk::<HEADER>() {
            let (length, mut frame) = Frame::open(*header)?;
            let Some(body) = rest.get(..length) else {
                break;
            };
            frame.body = body.to_vec();
            frames.push(frame);
            start += HEADER + length;
        }
        self.bytes.drain(..start);
        Ok(frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: &[u8]) -> Frame {
        Frame {
            id: 0x0102_0304_0506_0708,
            to: 7,
            kind: Kind::Refusal,
            body: body.to_vec(),
        }
    }

    fn check(bytes: &[u8], wanted: &Result<Vec<Frame>, &str>) {
        let mut stream = bytes;
        let mut read = Vec::new();
        let whole = loop {
            match Frame::read(&mut stream) {
                Ok(Some(frame)) => read.push(frame),
                Ok(None) => break Ok(read),
                Err(error) => break Err(error.to_string()),
            }
        };
        assert_eq!(whole, wanted.clone().map_err(str::to_owned), "blocking");

        let mut decoder = Decoder::default();
        let mut decoded = Vec::new();
        for byte in bytes {
            decoder.push(&[*byte]);
            match decoder.frames() {
                Ok(frames) => decoded.extend(frames),
                Err(error) => {
                    assert_eq!(Err(error.to_string().as_str()), wanted.clone());
                    return;
                }
            }
        }
        if let Ok(wanted) = wanted {
            assert_eq!(&decoded, wanted, "byte by byte");
        }
    }

    #[test]
    fn frames_come_back_as_they_went() {
        let two = [frame(b"{}"), frame(b"")];
        let bytes: Vec<u8> = two
            .iter()
            .flat_map(|frame| frame.encode().expect("short"))
            .collect();
        check(&bytes, &Ok(two.to_vec()));
        check(b"", &Ok(Vec::new()));
        for cut in 1..HEADER + 2 {
            check(&bytes[..cut], &Err("move a frame"));
        }
    }

    #[test]
    fn a_damaged_header_takes_no_memory() {
        let mut long = frame(b"").encode().expect("short");
        long[0] = 0xff;
        check(
            &long,
            &Err("carry 4278190080 bytes in one frame: the limit is 67108864"),
        );
        let mut odd = frame(b"").encode().expect("short");
        odd[HEADER - 1] = 9;
        check(&odd, &Err("read a frame: there is no kind 9"));
    }

    #[test]
    fn what_is_too_long_is_not_sent() {
        let error = frame(&vec![b' '; MAX_BODY + 1])
            .encode()
            .expect_err("too long");
        assert!(matches!(error, FrameError::TooLong(_)));
    }
}
