//! The state of an HTTP stream: two directions, each with headers, a body that may be held back, and trailers.

use super::{StreamInfo, Waker};
use crate::maps::HeaderMap;
use std::collections::VecDeque;

/// Which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// From the client to the upstream.
    Request,
    /// Back.
    Response,
}

/// What the driver must do. Headers and trailers are taken from the stream, where they do not change any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send the headers of a direction on; whether nothing follows.
    Headers(Dir, bool),
    /// Send a piece of body on; whether nothing follows. An empty piece says only that.
    Data(Dir, Vec<u8>, bool),
    /// Send the trailers on, which end the direction.
    Trailers(Dir),
    /// The plugin or the host answered: forget about the request and the upstream.
    LocalReply,
    /// Break the stream off.
    Reset,
}

/// Whether a direction moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Iteration {
    /// It does.
    #[default]
    Go,
    /// Stopped in the body or trailers: what comes is shown to the guest and may be held.
    Stopped,
    /// Stopped at the headers: what comes is held without being shown.
    StoppedAll,
}

/// One direction.
#[derive(Debug, Default)]
pub struct Half {
    /// The headers; empty before they came.
    pub headers: HeaderMap,
    /// Whether headers came.
    pub have_headers: bool,
    /// Whether the guest may look at and change the headers now.
    pub headers_open: bool,
    /// Whether the headers were sent on.
    pub headers_sent: bool,
    /// The piece of body shown to the guest now.
    pub visible: Vec<u8>,
    /// Whether `visible` may be seen.
    pub visible_open: bool,
    /// Held back and not sent on.
    pub held: Vec<u8>,
    /// Whether the guest asked to keep what is held, so that it sees it again.
    pub keeping: bool,
    /// Trailers, once they came or were added.
    pub trailers: Option<HeaderMap>,
    /// Whether the guest may look at and change the trailers now.
    pub trailers_open: bool,
    /// Whether the guest was shown the trailers.
    pub trailers_shown: bool,
    /// Whether the end of the direction came.
    pub ended: bool,
    /// Whether the end was sent on.
    pub end_sent: bool,
    /// Whether it moves.
    pub iteration: Iteration,
    /// Bytes of body that came.
    pub body_bytes: u64,
}

/// An HTTP stream.
#[derive(Debug, Default)]
pub struct Http {
    /// For properties.
    pub info: StreamInfo,
    /// From the client.
    pub request: Half,
    /// To the client.
    pub response: Half,
    /// Whether the stream was answered by the plugin or the host.
    pub local_reply: bool,
    /// Whether the guest failed and the stream was ended for it: its callbacks are left out.
    pub failed: bool,
    /// Whether the log phase runs: all maps can be read.
    pub logging: bool,
    /// Why the response is what it is.
    pub details: String,
    /// For the driver.
    pub out: VecDeque<Output>,
    /// See [`Waker`].
    pub waker: Waker,
}

impl Http {
    /// A direction.
    pub fn half(&mut self, dir: Dir) -> &mut Half {
        match dir {
            Dir::Request => &mut self.request,
            Dir::Response => &mut self.response,
        }
    }

    /// A direction.
    pub fn half_ref(&self, dir: Dir) -> &Half {
        match dir {
            Dir::Request => &self.request,
            Dir::Response => &self.response,
        }
    }

    /// Whether the driver should wait before it brings more body: the direction is stopped and holds what it may. A
    /// guest that keeps a body to see it whole needs the rest of it, and is told no once it is too large.
    pub fn full(&self, dir: Dir, limit: usize) -> bool {
        let half = self.half_ref(dir);
        half.iteration != Iteration::Go && !half.keeping && half.held.len() >= limit
    }

    /// Whether the request is gRPC, which local replies must suit.
    pub fn is_grpc(&self) -> bool {
        let content_type = self.request.headers.get(b"content-type").unwrap_or_default();
        content_type == b"application/grpc" || content_type.starts_with(b"application/grpc+")
    }

    /// Whether the response ends with its headers, whatever they say.
    pub fn is_head(&self) -> bool {
        self.request.headers.get(b":method") == Some(b"HEAD")
    }

    /// Sends the headers on.
    pub fn send_headers(&mut self, dir: Dir, end: bool) {
        let half = self.half(dir);
        half.headers_open = false;
        half.headers_sent = true;
        half.end_sent |= end;
        self.push(Output::Headers(dir, end));
    }

    /// Sends a piece of body on.
    pub fn send_data(&mut self, dir: Dir, data: Vec<u8>, end: bool) {
        if (data.is_empty() && !end) || self.half(dir).end_sent {
            return;
        }
        self.half(dir).end_sent |= end;
        self.push(Output::Data(dir, data, end));
    }

    /// Sends the trailers on.
    pub fn send_trailers(&mut self, dir: Dir) {
        let half = self.half(dir);
        if half.end_sent {
            return;
        }
        half.trailers_open = false;
        half.end_sent = true;
        self.push(Output::Trailers(dir));
    }

    /// Tells the driver something.
    pub fn push(&mut self, output: Output) {
        self.out.push_back(output);
        self.waker.wake();
    }
}
