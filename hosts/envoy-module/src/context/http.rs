//! The state of an HTTP stream.

use super::root::Headers;
use crate::abi::{BodyType, Filter, Scheduler, header_type};
use crate::hooks::http::Stream;
use crate::vm::state::AfterCall;

/// A direction of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// From the client.
    Request,
    /// To the client.
    Response,
}

/// What of a body the guest may touch now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    #[default]
    Closed,
    /// The piece of the current hook.
    Received,
    /// What Envoy kept of earlier pieces, followed by the piece of the current hook.
    All,
}

/// One direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Half {
    /// Whether the header map may be touched.
    pub headers_open: bool,
    /// Whether the trailer map may be touched.
    pub trailers_open: bool,
    /// The body.
    pub body: Body,
    /// The last piece of the body was answered with "stop and keep".
    pub keeping: bool,
    /// The guest stopped it.
    pub paused: bool,
    /// Its last piece has been seen.
    pub ended: bool,
    /// A callback about it runs.
    pub in_hook: bool,
}

/// A response that the guest sends by itself.
#[derive(Clone, Debug, Default)]
pub struct LocalReply {
    /// HTTP status.
    pub code: u32,
    /// -1 for none.
    pub grpc_status: i32,
    /// For `response.code_details`.
    pub details: Vec<u8>,
    /// The body.
    pub body: Vec<u8>,
    /// Further headers.
    pub headers: Headers,
}

/// A local response on its way through the guest's own response callbacks, which Envoy leaves out.
#[derive(Debug)]
pub struct Synthetic {
    /// Response headers.
    pub headers: Headers,
    /// Response body.
    pub body: Vec<u8>,
    /// For `response.code_details`.
    pub details: Vec<u8>,
}

/// See the module.
#[derive(Debug)]
pub struct Http {
    /// Envoy's filter; null once the stream is gone.
    pub filter: Filter,
    /// What Envoy knows the stream by; null once it is gone.
    pub stream: *const Stream,
    /// The request.
    pub request: Half,
    /// The response.
    pub response: Half,
    /// `proxy_on_log` runs: both header maps are readable.
    pub logging: bool,
    /// The stream was ended because its guest is gone.
    pub failed: bool,
    /// The guest answered by itself.
    pub replied: bool,
    /// The guest has been shown a response that is not its own.
    pub response_seen: bool,
    /// Request headers changed: the route may be another one now.
    pub route_changed: bool,
    /// What most streams have not.
    pub rare: Option<Box<Rare>>,
}

/// What a stream has that stops, answers by itself, or calls.
#[derive(Debug)]
pub struct Rare {
    /// Its own answer, while the response callbacks see it.
    pub synthetic: Option<Box<Synthetic>>,
    /// Made when the stream stops for the first time: other threads reach the worker through it. Null for none.
    pub scheduler: Scheduler,
    /// What has to wait until the stream's worker comes by.
    pub deferred: Vec<AfterCall>,
    /// Calls that live in the stream.
    pub calls: Vec<u32>,
}

impl Default for Rare {
    fn default() -> Self {
        Self { synthetic: None, scheduler: core::ptr::null_mut(), deferred: Vec::new(), calls: Vec::new() }
    }
}

impl Http {
    /// A stream that has seen nothing.
    pub fn new(filter: Filter, stream: *const Stream) -> Self {
        Self {
            filter,
            stream,
            request: Half::default(),
            response: Half::default(),
            logging: false,
            failed: false,
            replied: false,
            response_seen: false,
            route_changed: false,
            rare: None,
        }
    }

    /// What most streams have not, made if it is not there.
    pub fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Its own answer.
    #[inline]
    pub fn synthetic(&self) -> Option<&Synthetic> {
        self.rare.as_ref()?.synthetic.as_deref()
    }

    /// One direction.
    #[inline]
    pub fn half(&mut self, dir: Dir) -> &mut Half {
        match dir {
            Dir::Request => &mut self.request,
            Dir::Response => &mut self.response,
        }
    }

    /// Whether a map may be read (and, outside of the log phase, changed) now.
    #[inline]
    pub fn map_open(&self, map: u32) -> bool {
        match map {
            header_type::REQUEST => self.request.headers_open || self.logging,
            header_type::REQUEST_TRAILERS => self.request.trailers_open,
            header_type::RESPONSE => self.response.headers_open || self.logging,
            header_type::RESPONSE_TRAILERS => self.response.trailers_open || self.logging,
            _ => false,
        }
    }

    /// Whether something waits for this stream to go on.
    pub fn is_paused(&self) -> bool {
        self.request.paused || self.response.paused
    }
}

impl Dir {
    /// The header map.
    pub fn headers(self) -> u32 {
        match self {
            Self::Request => header_type::REQUEST,
            Self::Response => header_type::RESPONSE,
        }
    }

    /// The trailer map.
    pub fn trailers(self) -> u32 {
        self.headers() + 1
    }

    /// The body's piece of the current hook.
    pub fn received(self) -> BodyType {
        match self {
            Self::Request => BodyType::ReceivedRequest,
            Self::Response => BodyType::ReceivedResponse,
        }
    }

    /// The kept part of the body.
    pub fn kept(self) -> BodyType {
        match self {
            Self::Request => BodyType::BufferedRequest,
            Self::Response => BodyType::BufferedResponse,
        }
    }
}
