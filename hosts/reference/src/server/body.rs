//! Message bodies fed through a channel.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Pieces on their way before the sender has to wait.
const IN_FLIGHT: usize = 16;

/// The stream was broken off.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the stream was reset")]
pub struct Reset;

/// What a channel carries.
pub type Piece = Result<Frame<Bytes>, Reset>;

/// A body that ends when its sender goes.
#[derive(Debug)]
pub struct ChannelBody(Option<mpsc::Receiver<Piece>>);

impl ChannelBody {
    /// No bytes at all.
    pub fn empty() -> Self {
        Self(None)
    }

    /// A body and what feeds it.
    pub fn channel() -> (mpsc::Sender<Piece>, Self) {
        let (sender, receiver) = mpsc::channel(IN_FLIGHT);
        (sender, Self(Some(receiver)))
    }

    /// A body of one piece.
    pub fn full(bytes: Vec<u8>) -> Self {
        if bytes.is_empty() {
            return Self::empty();
        }
        let (sender, body) = Self::channel();
        // There is room for the first piece.
        let _ = sender.try_send(Ok(Frame::data(bytes.into())));
        body
    }
}

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = Reset;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        match &mut self.0 {
            None => Poll::Ready(None),
            Some(receiver) => receiver.poll_recv(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.0.is_none() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}
