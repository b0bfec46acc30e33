//! TChannel's bytes as the tests write and read them. It shares no code with the node, so that a mistake of one is not a
//! mistake of both.

use tokio::io::{AsyncRead, AsyncReadExt};

pub(crate) const INIT_REQ: u8 = 0x01;
pub(crate) const INIT_RES: u8 = 0x02;
pub(crate) const CALL_REQ: u8 = 0x03;
pub(crate) const CALL_RES: u8 = 0x04;
pub(crate) const CALL_REQ_CONTINUE: u8 = 0x13;
pub(crate) const CALL_RES_CONTINUE: u8 = 0x14;
pub(crate) const PING_REQ: u8 = 0xd0;
pub(crate) const PING_RES: u8 = 0xd1;
pub(crate) const ERROR: u8 = 0xff;

/// The bytes before a payload.
const HEADER: usize = 16;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) id: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(kind: u8, id: u32, payload: Vec<u8>) -> Self {
        Self { kind, id, payload }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.sized(u16::try_from(HEADER + self.payload.len()).unwrap())
    }

    /// The bytes with another size in front than they have.
    pub(crate) fn sized(&self, size: u16) -> Vec<u8> {
        let mut bytes = size.to_be_bytes().to_vec();
        bytes.extend([self.kind, 0]);
        bytes.extend(self.id.to_be_bytes());
        bytes.extend([0; 8]);
        bytes.extend(&self.payload);
        bytes
    }

    /// The next frame; `None` where the stream has ended.
    pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut header = [0; HEADER];
        stream.read_exact(&mut header).await.ok()?;
        let size = usize::from(u16::from_be_bytes([header[0], header[1]]));
        assert_eq!(header[3], 0, "the byte after the type is reserved: {header:x?}");
        assert_eq!(header[8..], [0; 8], "the end of the header is reserved: {header:x?}");
        let mut payload = vec![0; size.checked_sub(HEADER).expect("a size counts the header in")];
        stream.read_exact(&mut payload).await.ok()?;
        Some(Self::new(header[2], u32::from_be_bytes(header[4..8].try_into().unwrap()), payload))
    }

    /// An init of either kind.
    pub(crate) fn init(kind: u8, id: u32, host_port: &str) -> Self {
        let mut payload = vec![0, 2, 0, 2];
        for text in ["host_port", host_port, "process_name", "scripted"] {
            long(&mut payload, text.as_bytes());
        }
        Self::new(kind, id, payload)
    }
}

/// What an init frame says: its version and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Init {
    pub(crate) version: u16,
    pub(crate) headers: Vec<(String, String)>,
}

impl Init {
    pub(crate) fn of(frame: &Frame) -> Self {
        let mut bytes = Bytes(&frame.payload);
        let version = bytes.u16();
        let count = bytes.u16();
        let headers = (0..count).map(|_| (text(bytes.long()), text(bytes.long()))).collect();
        assert!(bytes.0.is_empty(), "an init with bytes too many: {frame:x?}");
        Self { version, headers }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Which checksum a call carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sum {
    None,
    Crc32,
    /// One of type crc32 that does not fit the arguments.
    Wrong,
}

/// What a call asks, put together from all its fragments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) ttl: u32,
    pub(crate) service: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) sum: u8,
    pub(crate) arguments: Vec<Vec<u8>>,
}

/// What was answered, put together from all its fragments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) code: u8,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) sum: u8,
    pub(crate) arguments: Vec<Vec<u8>>,
}

/// The frames of a call, in as many fragments as it needs.
pub(crate) fn request(id: u32, format: &str, endpoint: &str, body: &[u8], sum: Sum) -> Vec<Frame> {
    let ttl: u32 = match endpoint {
        "/protocol/join" => 1000,
        "/protocol/ping" => 1500,
        "/protocol/ping-req" => 5000,
        _ => 60_000,
    };
    let mut head = ttl.to_be_bytes().to_vec();
    head.extend([0; 25]);
    short(&mut head, b"ringpop");
    head.push(2);
    for part in ["as", format, "cn", "scripted"] {
        short(&mut head, part.as_bytes());
    }
    fragments((CALL_REQ, CALL_REQ_CONTINUE), id, head, [endpoint.as_bytes(), b"null\n", body], sum)
}

/// The frames of an answer.
pub(crate) fn response(id: u32, code: u8, body: &[u8], sum: Sum) -> Vec<Frame> {
    let mut head = vec![code];
    head.extend([0; 25]);
    head.push(1);
    short(&mut head, b"as");
    short(&mut head, b"json");
    fragments((CALL_RES, CALL_RES_CONTINUE), id, head, [b"", b"", body], sum)
}

/// An error frame.
pub(crate) fn error(id: u32, code: u8, message: &str) -> Frame {
    let mut payload = vec![code];
    payload.extend([0; 25]);
    long(&mut payload, message.as_bytes());
    Frame::new(ERROR, id, payload)
}

/// The code and the message of an error frame.
pub(crate) fn read_error(frame: &Frame) -> (u8, String) {
    let mut bytes = Bytes(&frame.payload);
    let code = bytes.u8();
    bytes.take(25);
    (code, text(bytes.long()))
}

fn fragments(kinds: (u8, u8), id: u32, head: Vec<u8>, arguments: [&[u8]; 3], sum: Sum) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut rest = arguments[2];
    let mut crc = 0;
    loop {
        let first = frames.is_empty();
        let (chunk, later) = rest.split_at(rest.len().min(CHUNK));
        rest = later;
        let chunks = if first { vec![arguments[0], arguments[1], chunk] } else { vec![chunk] };
        let mut payload = vec![u8::from(!rest.is_empty())];
        if first {
            payload.extend(&head);
        }
        crc = chunks.iter().fold(crc, |crc, chunk| crc32(crc, chunk));
        match sum {
            Sum::None => payload.push(0),
            Sum::Crc32 => {
                payload.push(1);
                payload.extend(crc.to_be_bytes());
            }
            Sum::Wrong => {
                payload.push(1);
                payload.extend((!crc).to_be_bytes());
            }
        }
        chunks.iter().for_each(|chunk| long(&mut payload, chunk));
        frames.push(Frame::new(if first { kinds.0 } else { kinds.1 }, id, payload));
        if rest.is_empty() {
            return frames;
        }
    }
}

/// How much of a body goes in one fragment.
const CHUNK: usize = 60_000;

/// What comes in fragments, until the last of them.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) request: Request,
    pub(crate) response: Response,
    arguments: Vec<Vec<u8>>,
    crc: u32,
}

impl Parts {
    /// Adds a fragment. Whether it was the last.
    pub(crate) fn add(&mut self, frame: &Frame) -> Last {
        let mut bytes = Bytes(&frame.payload);
        let flags = bytes.u8();
        match frame.kind {
            CALL_REQ => {
                self.request.ttl = u32::from_be_bytes(bytes.take(4).try_into().unwrap());
                bytes.take(25);
                self.request.service = text(bytes.short());
                self.request.headers = bytes.headers();
            }
            CALL_RES => {
                self.response.code = bytes.u8();
                bytes.take(25);
                self.response.headers = bytes.headers();
            }
            _ => {}
        }
        let sum = bytes.u8();
        let told = (sum != 0).then(|| u32::from_be_bytes(bytes.take(4).try_into().unwrap()));
        // The first piece goes on with the argument that the fragment before has begun.
        let mut pieces = 0;
        while !bytes.0.is_empty() {
            let piece = bytes.long();
            self.crc = crc32(self.crc, piece);
            if pieces > 0 || self.arguments.is_empty() {
                self.arguments.push(Vec::new());
            }
            self.arguments.last_mut().unwrap().extend(piece);
            pieces += 1;
        }
        if sum == 1 {
            assert_eq!(told, Some(self.crc), "a wrong checksum: {frame:x?}");
        }
        if flags & 1 != 0 {
            return Last::No;
        }
        (self.request.sum, self.response.sum) = (sum, sum);
        self.arguments.resize(3, Vec::new());
        self.request.arguments = self.arguments.clone();
        self.response.arguments = std::mem::take(&mut self.arguments);
        Last::Yes
    }
}

/// Whether a fragment is a call's last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Yes,
    No,
}

/// Bytes to be read, from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(n).unwrap_or_else(|| panic!("{n} bytes of {:x?}", self.0));
        self.0 = rest;
        taken
    }

    fn u8(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn short(&mut self) -> &'a [u8] {
        let n = self.u8();
        self.take(n.into())
    }

    fn long(&mut self) -> &'a [u8] {
        let n = self.u16();
        self.take(n.into())
    }

    fn headers(&mut self) -> Vec<(String, String)> {
        let count = self.u8();
        (0..count).map(|_| (text(self.short()), text(self.short()))).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn short(to: &mut Vec<u8>, bytes: &[u8]) {
    to.push(bytes.len().try_into().unwrap());
    to.extend(bytes);
}

fn long(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
    to.extend(bytes);
}

/// The checksum of type 1, a bit at a time: of `bytes` after those that came to `crc`.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!crc, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
